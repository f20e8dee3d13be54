//! `/user/me`, `/kyc/status`, `/kyc/limits`.

use serde_json::{Value, json};

use crate::model::clock::{DAY, iso};
use crate::model::mint::stable_uuid;
use crate::model::people::Person;
use crate::model::switches::{KycLimitsShape, LongNames, ProfileShape, Switches};
use crate::monei::call::{Answer, Call};
use crate::monei::data::{Usually, amount, naira};
use crate::web::nest::NestError;

/// `GET /user/me`
pub(crate) fn me(call: &Call<'_>) -> Result<Answer, NestError> {
    let person = call.person;
    let mut first_name = person.first_name.to_owned();
    if person.id == "markup" && call.switches.long_names == LongNames::On {
        first_name = first_name.repeat(10 * 1024 / first_name.len() + 1);
    }
    let joined = joined(call);
    let data = match call.switches.profile_shape {
        ProfileShape::Sdk => json!({
            "id": id(person), "createdAt": joined, "updatedAt": joined, "deletedDate": null,
            "firstName": first_name, "lastName": person.last_name, "name": format!("{first_name} {}", person.last_name),
            "email": person.email, "phone": person.phone, "dob": person.born,
            "haveTransactionPin": true, "verified": person.verified, "isAdmin": false, "onboardingState": "COMPLETED",
            "kycInfo": kyc_info(call),
        }),
        ProfileShape::Guide => json!({
            "id": id(person), "email": person.email, "phoneNumber": person.phone, "firstName": first_name, "lastName": person.last_name,
            "dateOfBirth": person.born, "status": "active",
            "kycInfo": {"currentTier": tier(person), "verified": person.verified, "limits": limits(person, call.switches)},
            "createdAt": joined, "updatedAt": joined,
        }),
        ProfileShape::Minimal => json!({
            "id": id(person), "email": person.email, "firstName": first_name, "lastName": person.last_name, "status": "active", "createdAt": joined,
        }),
    };
    Ok(Answer::Usual("User retrieved successfully", data))
}

/// `GET /kyc/status`
pub(crate) fn kyc_status(call: &Call<'_>) -> Result<Answer, NestError> {
    let person = call.person;
    let next = (person.tier < 3).then(|| format!("tier_{}", person.tier + 1));
    let data = json!({
        "currentTier": tier(person), "status": status(person), "canUpgrade": next.is_some() && !person.blocked, "nextTier": next,
        "limits": limits(person, call.switches),
        "requirements": match person.tier { 1 => "NIN", 2 => "BVN", _ => "" },
        "verified": {"nin": person.tier >= 2, "bvn": person.tier >= 3, "governmentId": person.tier >= 3, "selfie": person.tier >= 2,
                     "biometric": false, "address": person.tier >= 3},
    });
    Ok(Answer::Usual("KYC status retrieved successfully", data))
}

/// `GET /kyc/limits`
pub(crate) fn kyc_limits(call: &Call<'_>) -> Result<Answer, NestError> {
    let limits = limits(call.person, call.switches);
    let data = match call.switches.kyc_limits_shape {
        KycLimitsShape::Flat => limits,
        KycLimitsShape::Nested => json!({"currentTier": tier(call.person), "limits": limits}),
    };
    Ok(Answer::Usual("KYC limits retrieved successfully", data))
}

/// The person's user id at Monei.
pub(crate) fn id(person: &Person) -> String {
    stable_uuid(&format!("user {}", person.id))
}

fn joined(call: &Call<'_>) -> String {
    let days = match call.person.tier {
        1 => 9,
        tier => 200 * i64::from(tier),
    };
    iso(call.now - call.now % DAY - days * DAY)
}

fn tier(person: &Person) -> String {
    format!("tier_{}", person.tier)
}

fn status(person: &Person) -> &'static str {
    match (person.blocked, person.verified) {
        (true, _) => "under_review",
        (false, true) => "verified",
        (false, false) => "pending",
    }
}

fn kyc_info(call: &Call<'_>) -> Value {
    let person = call.person;
    json!({
        "id": stable_uuid(&format!("kyc {}", person.id)), "currentTier": tier(person), "status": status(person),
        "ninVerified": person.tier >= 2, "bvnVerified": person.tier >= 3, "governmentIdVerified": person.tier >= 3,
        "selfieVerified": person.tier >= 2, "addressVerified": person.tier >= 3, "canUpgrade": person.tier < 3 && !person.blocked,
        "limits": limits(person, call.switches),
    })
}

/// What a KYC tier allows, in kobo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) single: i64,
    pub(crate) daily: i64,
    monthly: i64,
    most: i64,
    crypto: i64,
}

/// The limits of a person's tier.
pub(crate) fn limits_of(person: &Person) -> Limits {
    let (single, daily, monthly, most, crypto) = match person.tier {
        1 => (20_000_000, 20_000_000, 200_000_000, 30_000_000, 5_000_000),
        2 => (100_000_000, 200_000_000, 2_000_000_000, 500_000_000, 100_000_000),
        _ => (500_000_000, 1_000_000_000, 10_000_000_000, 50_000_000_000, 1_000_000_000),
    };
    Limits { single, daily, monthly, most, crypto }
}

fn limits(person: &Person, switches: &Switches) -> Value {
    let Limits { single, daily, monthly, most, crypto } = limits_of(person);
    let money = |kobo: i64| amount(&naira(kobo), Usually::Number, switches);
    json!({
        "maxSingleTransaction": money(single), "dailyTransactionLimit": money(daily), "monthlyTransactionLimit": money(monthly),
        "maxWalletBalance": money(most), "cryptoAllowed": true, "crossBorderAllowed": person.tier >= 3, "p2pAllowed": !person.blocked,
        "withdrawalAllowed": !person.blocked, "cryptoDailyLimit": money(crypto),
    })
}
