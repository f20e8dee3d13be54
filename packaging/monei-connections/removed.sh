#!/bin/sh
# After the package of the desktop program was removed: says what it could not reach. Debian gives a word, RPM the number of versions that stay.
set -e
case "$1" in
    remove|0)
        # An RPM package made by Tauri's bundler owns its files, and not their folder.
        rmdir /usr/share/doc/monei-connections 2>/dev/null || true
        echo "Each person's connections stay: their tokens in the keychain, and what is listed of them in the home folder."
        echo "To end them, install the program again, and use Settings, Leave this computer, or 'moneictl leave', before removing it."
        ;;
esac
