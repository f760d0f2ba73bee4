//! The floor of the transport: a bare tonic server with mutual TLS in a process of its own, which sends back
//! the name that it was sent. It borrows the shape of DirectoryService and has nothing else of Flyttbud.

use std::path::Path;

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

#[tonic::async_trait]
impl DirectoryService for Echo {
    async fn list_municipalities(
        &self,
        _request: Request<v1::ListMunicipalitiesRequest>,
    ) -> Result<Response<v1::ListMunicipalitiesResponse>, Status> {
        Err(Status::unimplemented("this is a benchmark's echo"))
    }

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

    async fn who_am_i(
        &self,
        _request: Request<v1::WhoAmIRequest>,
    ) -> Result<Response<v1::WhoAmIResponse>, Status> {
        Err(Status::unimplemented("this is a benchmark's echo"))
    }

    async fn list_refusals(
        &self,
        _request: Request<v1::ListRefusalsRequest>,
    ) -> Result<Response<v1::ListRefusalsResponse>, Status> {
        Err(Status::unimplemented("this is a benchmark's echo"))
    }

    async fn count_refusals(
        &self,
        _request: Request<v1::CountRefusalsRequest>,
    ) -> Result<Response<v1::CountRefusalsResponse>, Status> {
        Err(Status::unimplemented("this is a benchmark's echo"))
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
