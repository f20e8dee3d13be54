//! The made-up people who can log in.

/// The transaction PIN of every one of them.
pub(crate) const PIN: &str = "2468";

/// One of the people. `id` is what the login button sends.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: &'static str,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) born: &'static str,
    /// One line for the login page.
    pub(crate) about: &'static str,
    pub(crate) tier: u8,
    pub(crate) verified: bool,
    /// KYC stops this person's withdrawals.
    pub(crate) blocked: bool,
    /// Naira in kobo, so that it is exact.
    pub(crate) kobo: i64,
    pub(crate) has_virtual_account: bool,
    pub(crate) transactions: usize,
}

/// Everyone.
pub(crate) const PEOPLE: [Person; 4] = [
    Person {
        id: "ada",
        first_name: "Ada",
        last_name: "Okafor",
        email: "ada.okafor@example.com",
        phone: "+2348000000101",
        born: "1991-04-17",
        about: "Verified trader, tier 3: naira, crypto, a long history",
        tier: 3,
        verified: true,
        blocked: false,
        kobo: 184_250_075,
        has_virtual_account: true,
        transactions: 42,
    },
    Person {
        id: "tunde",
        first_name: "Tunde",
        last_name: "Bello",
        email: "tunde.bello@example.net",
        phone: "+2348000000102",
        born: "2001-09-03",
        about: "New here, tier 1: a small balance, no bank account yet",
        tier: 1,
        verified: false,
        blocked: false,
        kobo: 180_500,
        has_virtual_account: false,
        transactions: 3,
    },
    Person {
        id: "markup",
        first_name: "<img src=x onerror=alert(1)>",
        last_name: "\u{202E}\u{05D0}\u{05D1}\u{05D2} <b>&amp;</b>",
        email: "markup+<script>@example.org",
        phone: "+2348000000103",
        born: "1988-01-30",
        about: "A name full of markup and right-to-left text",
        tier: 2,
        verified: true,
        blocked: false,
        kobo: 999_999_999_999,
        has_virtual_account: true,
        transactions: 12,
    },
    Person {
        id: "blocked",
        first_name: "Ngozi",
        last_name: "Eze",
        email: "ngozi.eze@example.com",
        phone: "+2348000000104",
        born: "1979-12-11",
        about: "Tier 2 under review: KYC blocks withdrawals",
        tier: 2,
        verified: false,
        blocked: true,
        kobo: 5_000_000,
        has_virtual_account: true,
        transactions: 7,
    },
];

impl Person {
    /// Finds somebody by id.
    pub(crate) fn find(id: &str) -> Option<&'static Person> {
        PEOPLE.iter().find(|person| person.id == id)
    }

    /// First and last name.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}
