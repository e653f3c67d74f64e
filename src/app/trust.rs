//! Who is at the other end of a registry's address, without asking it for anything: no key is needed.

use super::aws;
use super::browse::{Vouched, ca_of, endpoint, endpoint_of_sheet};
use super::machine::Machine;
use super::parts::{self, Env, Order};
use crate::plan::Failure;
use crate::ports::objects::{Service, Trust};
use crate::ports::trust::{Looked, Outcome, Refusal};
use crate::ports::world::Route;
use crate::transport::https::Route as Wire;
use crate::transport::trust::{look, look_over};

/// Looks at any S3 service, as the AWS files, the environment and flags describe it.
pub async fn service(env: &Env, flags: &aws::Flags) -> Result<(Looked, Vouched), Failure> {
    let service = aws::find(flags, &aws::Own)?.service;
    Ok((look(&service, Wire::Direct, &*env.clock).await?, Vouched::of(&service)))
}

/// Looks at a site's registry: directly, and through the connection to its host where the direct way leads nowhere,
/// or to something else that has this address here.
pub async fn site(env: &Env, order: &Order) -> Result<(Looked, Vouched), Failure> {
    let name = order.site.name;
    let at = endpoint(&endpoint_of_sheet(&env.sites.dir(name))?, ca_of(env, order)?)?;
    let service = Service {
        url: at.url(),
        region: String::new(),
        trust: Trust::Only(at.ca_pem.clone()),
        keys: None,
        session_token: None,
        path_style: true,
    };
    let direct = look(&service, Wire::Direct, &*env.clock).await;
    if direct.as_ref().is_ok_and(|looked| !another(looked)) {
        return direct.map(|looked| (looked, Vouched::Site));
    }
    let through = async {
        let world = parts::connect(env, &Machine::Real, &order.site).await?;
        let stream = world.dial(at.ip, at.port).await.map_err(Failure::from)?;
        look_over(stream, Route::Tunnel, &service, &*env.clock).await
    };
    let looked = match (through.await, direct) {
        (Ok(looked), _) | (Err(_), Ok(looked)) => looked,
        (Err(mut failure), Err(direct)) => {
            failure.causes.push(format!("directly: {}", direct.line()));
            return Err(failure);
        }
    };
    Ok((looked, Vouched::Site))
}

/// Whether somebody else answers.
fn another(looked: &Looked) -> bool {
    matches!(&looked.outcome, Outcome::Refused(refused) if matches!(refused.why, Refusal::OtherCa { .. }))
}
