//! The API (DESIGN §5): the documents of the contract over HTTP, one file a subject, and the document that describes them,
//! made from the same code and checked in as `hub/openapi.json`.

mod changes;
mod discover;
mod events;
mod incidents;
mod input;
mod me;
mod services;
mod status;
mod stream;

pub(crate) use self::incidents::Note;
pub(crate) use self::services::Pause;

use axum::Json;
use axum::http::StatusCode;
use muster_model::event::Command;
use muster_model::hub::Ask;
use muster_model::request::Reply;
use muster_model::text::Text;
use muster_tell::{Language, say_key};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Hub;
use crate::admission::Caller;
use crate::problem::{PROBLEM_JSON, Problem};

/// What there is in one page of a list, unless told otherwise, and at most.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1_000;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Muster",
        description = "What a Muster sees, decides and does on its host, and what it can be told. The documents are those of `muster --json`.\n\n\
                       Reading is open on the machine itself, unless the configuration says `read = \"token\"`. Acting, and the contents of \
                       files, need a token: `muster user add NAME`. Errors are problem details (RFC 9457)."
    ),
    modifiers(&Token, &Version),
    components(schemas(Problem)),
    tags(
        (name = "roll call", description = "How the services are, and what runs here."),
        (name = "incidents", description = "The stories of losses."),
        (name = "record", description = "What was seen, decided and done, and what was altered."),
        (name = "acting", description = "What Muster can be told to do."),
    )
)]
struct Document;

/// The token of whoever acts.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Muster's own version is the document's.
struct Version;

impl Modify for Version {
    fn modify(&self, document: &mut OpenApi) {
        document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    }
}

/// Documents that something was taken up.
#[derive(serde::Serialize, ToSchema)]
pub(crate) struct Taken {
    /// It is on record, and is being done.
    #[schema(example = true)]
    done: bool,
    /// The same in a sentence.
    text: String,
}

/// All routes, with what describes them.
pub(crate) fn router() -> OpenApiRouter<Hub> {
    let mut router = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(status::show))
        .routes(routes!(services::show))
        .routes(routes!(services::plan))
        .routes(routes!(services::recover))
        .routes(routes!(services::pause))
        .routes(routes!(services::resume))
        .routes(routes!(services::pause_all))
        .routes(routes!(services::resume_all))
        .routes(routes!(discover::show))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::show))
        .routes(routes!(incidents::ack))
        .routes(routes!(incidents::note))
        .routes(routes!(incidents::assign))
        .routes(routes!(incidents::resolve))
        .routes(routes!(events::list))
        .routes(routes!(stream::follow))
        .routes(routes!(changes::list))
        .routes(routes!(changes::show))
        .routes(routes!(me::show));
    describe_problems(router.get_openapi_mut());
    let document = router.get_openapi().clone();
    router.route("/api/v1/openapi.json", axum::routing::get(|| async move { Json(document) }))
}

/// Tells the agent what a person wants done. Whether they may is the agent's to say.
pub(crate) async fn tell(hub: &Hub, language: Language, caller: Caller, command: Command) -> Result<Json<Taken>, Problem> {
    let Caller { token, via } = caller;
    let told = hub.agent.ask(Ask::Tell { command, token, via }).await;
    hub.roll.forget().await;
    match told {
        Ok(Reply::Taken) => Ok(Json(Taken { done: true, text: say_key(language, "api-taken", &[]) })),
        Ok(_) => Err(odd(language)),
        Err(why) => Err(Problem::of(language, &why)),
    }
}

/// Asks the agent; that there is no answer is a problem of the asker's.
async fn ask(hub: &Hub, language: Language, ask: Ask) -> Result<Reply, Problem> {
    hub.agent.ask(ask).await.map_err(|why| Problem::of(language, &why))
}

/// An answer of another kind than the question's: agent and hub are not of one version.
fn odd(language: Language) -> Problem {
    Problem::new(language, StatusCode::BAD_GATEWAY, &Text::new("problem-odd"))
}

/// The document, as it is checked in.
pub fn openapi() -> String {
    // It is made of plain data and does not fail.
    router().get_openapi().to_pretty_json().unwrap_or_default() + "\n"
}

/// Whatever else a route answers is a problem.
fn describe_problems(document: &mut OpenApi) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem: Response = ResponseBuilder::new().description("What went wrong.").content(PROBLEM_JSON, content).build();
    for path in document.paths.paths.values_mut() {
        for operation in [&mut path.get, &mut path.post].into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            for response in responses.iter_mut().filter(|(status, _)| !status.starts_with('2')).map(|(_, response)| response) {
                if let RefOr::T(response) = response {
                    response.content = problem.content.clone();
                }
            }
            responses.insert("default".to_owned(), RefOr::T(problem.clone()));
        }
    }
}
