//! Landlock: no file system access at all, no TCP, nothing outside by signal or abstract socket.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError,
    RulesetStatus, Scope,
};

use crate::{LockError, Step};

/// `LANDLOCK_CREATE_RULESET_VERSION`
const VERSION: libc::c_uint = 1;

/// The first version that covers TCP, and the least that counts as a full lock.
pub const LEAST_ABI: u8 = 4;

/// What the kernel offers; 0 where Landlock is missing or switched off.
pub fn abi() -> u8 {
    // SAFETY: with this flag the kernel takes a null pointer and size 0, and only answers a number.
    let answer = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<libc::c_void>(), 0_usize, VERSION)
    };
    u8::try_from(answer.max(0)).unwrap_or(u8::MAX)
}

/// Takes every right that the kernel can take and gives none back. The calling thread only, before
/// ABI 8: there must be no other. UDP is left out, as a relay lives by it: `sendto` would need a rule for
/// every port of a peer.
pub fn restrict(abi: u8) -> Result<(), LockError> {
    let known = ABI::from(i32::from(abi));
    let wanted = || -> Result<RulesetStatus, RulesetError> {
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(known))?;
        let tcp = AccessNet::from_all(known) & (AccessNet::BindTcp | AccessNet::ConnectTcp);
        if !tcp.is_empty() {
            ruleset = ruleset.handle_access(tcp)?;
        }
        let scopes = Scope::from_all(known);
        if !scopes.is_empty() {
            ruleset = ruleset.scope(scopes)?;
        }
        Ok(ruleset.create()?.restrict_self()?.ruleset)
    };
    let failed = || LockError::last(Step::Landlock);
    match wanted().map_err(|_| failed())? {
        RulesetStatus::FullyEnforced => Ok(()),
        _ => Err(LockError { step: Step::Landlock, errno: 0 }),
    }
}
