// The names of all commands, once: `commands.rs` makes the handler of them, the build script the permissions `allow-…`.
// Which window may call which is in `capabilities/`.

commands! {
    main: [
        state,
        watch,
        connect,
        reconnect,
        open_again,
        copy_link,
        use_deep_link,
        cancel,
        dismiss,
        decide,
        load,
        history,
        export_history,
        cancel_export,
        check,
        rename,
        move_account,
        permission,
        disconnect,
        activity,
        set_backend,
        confirm_backend,
        set_preferences,
        probe,
        poll,
        close_keychain_dialog,
        keep_in_memory,
        open_link,
        diagnose,
        copy_report,
        save_report,
    ],
    tester: [
        tester,
        tester_order,
    ]
}
