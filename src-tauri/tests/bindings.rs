//! The TypeScript types of the web view are generated from [`monei_connect::view`]. This test fails when they drift;
//! `UPDATE_BINDINGS=1 cargo test -p monei-connect --features embedded --test bindings` writes them anew.

use std::path::PathBuf;

use monei_connect::view::{
    ActivityFilter, ActivityFormat, ActivityItem, AppView, AppsView, Check, ConfirmationView, Decision, DesktopView, DisconnectOutcome,
    ExportFormat, ExportProgress, Exported, HistoryFilter, HistoryPage, Lasts, Link, PermissionView, Place, Receipt, ReceiptFormat, Review,
    Section, SectionView, SetAsideOutcome, TesterOrder, TesterView, Unrevoked, UpdateView, WalletPart, WalletPartView,
};
use ts_rs::{Config, TS};

#[test]
fn the_generated_types_are_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::new().with_large_int("number").with_out_dir(directory.path());
    AppView::export_all(&config).unwrap();
    SectionView::export_all(&config).unwrap();
    ActivityItem::export_all(&config).unwrap();
    ActivityFilter::export_all(&config).unwrap();
    ActivityFormat::export_all(&config).unwrap();
    Section::export_all(&config).unwrap();
    WalletPart::export_all(&config).unwrap();
    WalletPartView::export_all(&config).unwrap();
    Decision::export_all(&config).unwrap();
    Link::export_all(&config).unwrap();
    DisconnectOutcome::export_all(&config).unwrap();
    Unrevoked::export_all(&config).unwrap();
    TesterView::export_all(&config).unwrap();
    TesterOrder::export_all(&config).unwrap();
    Check::export_all(&config).unwrap();
    HistoryFilter::export_all(&config).unwrap();
    HistoryPage::export_all(&config).unwrap();
    ExportFormat::export_all(&config).unwrap();
    ExportProgress::export_all(&config).unwrap();
    Exported::export_all(&config).unwrap();
    AppsView::export_all(&config).unwrap();
    ConfirmationView::export_all(&config).unwrap();
    Lasts::export_all(&config).unwrap();
    PermissionView::export_all(&config).unwrap();
    SetAsideOutcome::export_all(&config).unwrap();
    Receipt::export_all(&config).unwrap();
    ReceiptFormat::export_all(&config).unwrap();
    Review::export_all(&config).unwrap();
    DesktopView::export_all(&config).unwrap();
    Place::export_all(&config).unwrap();
    UpdateView::export_all(&config).unwrap();
    let fresh = std::fs::read_to_string(directory.path().join("bindings.ts")).unwrap();

    let committed_path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ui/src/lib/bindings.ts");
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        std::fs::write(&committed_path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&committed_path).unwrap_or_default();
    assert!(committed == fresh, "ui/src/lib/bindings.ts is not what the window's types generate; see this test's first lines");
}
