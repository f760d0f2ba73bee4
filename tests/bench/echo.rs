//! The floor of the transport: a bare tonic server with mutual TLS in a process of its own, which sends back
//! the name that it was sent. It borrows the shape of DirectoryService and has nothing else of Flyttbud.

use std::path::Path;
use std::pin::Pin;

use anyhow::Context as _;
use api::v1;
use api::v1::directory_service_server::{DirectoryService, DirectoryServiceServer};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

/// The method that answers.
pub(crate) const METHOD: &str = "/flyttbud.v1.DirectoryService/GetMunicipality";

struct Echo;

/// Methods that this server has by name alone.
macro_rules! absent {
    ($($name:ident($request:ident) -> $response:ident;)*) => {
        $(fn $name<'a, 'async_trait>(
            &'a self,
            _request: Request<v1::$request>,
        ) -> Pin<Box<dyn Future<Output = Result<Response<v1::$response>, Status>> + Send + 'async_trait>>
        where
            'a: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async { Err(Status::unimplemented("this is a benchmark's echo")) })
        })*
    };
}

#[tonic::async_trait]
impl DirectoryService for Echo {
    async fn get_municipality(
        &self,
        request: Request<v1::GetMunicipalityRequest>,
    ) -> Result<Response<v1::GetMunicipalityResponse>, Status> {
        let municipality = v1::Municipality {
            name: request.into_inner().name,
            ..v1::Municipality::default()
        };
        Ok(Response::new(v1::GetMunicipalityResponse {
            municipality: Some(municipality),
        }))
    }

    absent! {
        list_municipalities(ListMunicipalitiesRequest) -> ListMunicipalitiesResponse;
        list_functions(ListFunctionsRequest) -> ListFunctionsResponse;
        get_function(GetFunctionRequest) -> GetFunctionResponse;
        set_function(SetFunctionRequest) -> SetFunctionResponse;
        grant_vendor(GrantVendorRequest) -> GrantVendorResponse;
        withdraw_vendor(WithdrawVendorRequest) -> WithdrawVendorResponse;
        get_drill(GetDrillRequest) -> GetDrillResponse;
        acknowledge_drill(AcknowledgeDrillRequest) -> AcknowledgeDrillResponse;
        list_vendors(ListVendorsRequest) -> ListVendorsResponse;
        who_am_i(WhoAmIRequest) -> WhoAmIResponse;
        list_refusals(ListRefusalsRequest) -> ListRefusalsResponse;
        count_refusals(CountRefusalsRequest) -> CountRefusalsResponse;
    }
}

/// Serves until whoever started it closes its input or is gone.
pub(crate) async fn serve(folder: &Path) -> anyhow::Result<()> {
    let text = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("'{}'", path.display()))
    };
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(text("server.pem")?, text("server.key")?))
        .client_ca_root(Certificate::from_pem(text("authority.pem")?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("serving on https://{}", listener.local_addr()?);
    Server::builder()
        .tls_config(tls)?
        .add_service(DirectoryServiceServer::new(Echo))
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            input_closed(),
        )
        .await?;
    Ok(())
}

async fn input_closed() {
    let mut input = tokio::io::stdin();
    let mut bytes = [0; 64];
    while input.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}
