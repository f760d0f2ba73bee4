//! Who is connected, and up to which notice it has confirmed.

use std::sync::Arc;

use domain::entry::Event;
use domain::subject::{NoticeNumber, Subject};

use super::{ale, entry, solleftea, solna, write};
use crate::Views;

pub(super) async fn a_municipality_is_connected_from_its_first_confirmation_on(
    views: &Arc<dyn Views>,
) {
    assert!(!views.is_connected(solna()).await.expect("read"));
    let confirmed = |agrees| Event::NoticesConfirmed {
        recipient: solna(),
        number: NoticeNumber(1),
        agrees,
    };
    // one that shows that something is missing is no proof that notices arrive
    write(views, &[entry(1, Subject::SYSTEM, confirmed(false))]).await;
    assert!(!views.is_connected(solna()).await.expect("read"));
    write(
        views,
        &[
            entry(2, Subject::SYSTEM, confirmed(true)),
            entry(3, Subject::SYSTEM, confirmed(true)),
        ],
    )
    .await;
    assert!(views.is_connected(solna()).await.expect("read"));
    assert!(!views.is_connected(ale()).await.expect("read"));
}

pub(super) async fn the_highest_number_that_was_confirmed_is_kept(views: &Arc<dyn Views>) {
    let confirmed = |position, recipient, number| {
        let event = Event::NoticesConfirmed {
            recipient,
            number: NoticeNumber(number),
            agrees: true,
        };
        entry(position, Subject::SYSTEM, event)
    };
    let up_to = async |code| views.confirmed(code).await.expect("read");
    assert_eq!(up_to(solna()).await, None);
    let several = [
        confirmed(1, solna(), 3),
        confirmed(2, solna(), 2),
        confirmed(3, ale(), 1),
    ];
    write(views, &several).await;
    assert_eq!(up_to(solna()).await, Some(NoticeNumber(3)));
    write(views, &[confirmed(4, solna(), 1)]).await;
    assert_eq!(up_to(solna()).await, Some(NoticeNumber(3)));
    write(views, &[confirmed(5, solna(), 7)]).await;
    assert_eq!(up_to(solna()).await, Some(NoticeNumber(7)));
    assert_eq!(up_to(ale()).await, Some(NoticeNumber(1)));
    assert_eq!(up_to(solleftea()).await, None);
}
