//! Signatures of minisign: over the content, and over a comment that says which version and which file it is. So a package that was signed
//! once can't be passed off as another version or file.

use std::io::Read;

use minisign_verify::{PublicKey, Signature};
use semver::Version;

use super::UpdateFailure;
use super::fetch::of_disk;

/// What a signature's trusted comment must be.
fn comment(version: &Version, file: &str) -> String {
    format!("version:{version} file:{file}")
}

/// Checks the whole of `content` against `signature`. Gives the comment, which was signed with it.
///
/// # Errors
/// [`UpdateFailure::NotGenuine`], or that `content` can't be read.
pub(super) fn verified(key: &PublicKey, signature: &str, mut content: impl Read) -> Result<String, UpdateFailure> {
    let signature = Signature::decode(signature).map_err(|_| UpdateFailure::NotGenuine)?;
    let mut verifier = key.verify_stream(&signature).map_err(|_| UpdateFailure::NotGenuine)?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        match content.read(&mut piece).map_err(|error| of_disk(&error))? {
            0 => break,
            read => verifier.update(piece.get(..read).unwrap_or_default()),
        }
    }
    verifier.finalize().map_err(|_| UpdateFailure::NotGenuine)?;
    Ok(signature.trusted_comment().to_owned())
}

/// Whether a comment that was signed is for this version and file.
///
/// # Errors
/// [`UpdateFailure::NotGenuine`].
pub(super) fn is_for(signed: &str, version: &Version, file: &str) -> Result<(), UpdateFailure> {
    if signed == comment(version, file) { Ok(()) } else { Err(UpdateFailure::NotGenuine) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by minisign 0.11: `minisign -S -m FILE -t "version:1.2.3 file:FILE"`, of a key that is gone.
    const KEY: &str = "RWTv8zcgSi/ONI/ZOrnmogJTndk8WLQ3TiUytgTRDqMcmvh4gwm+hSAv";
    const FILE: &str = "Program-1.2.3.AppImage";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
        RUTv8zcgSi/ONGljtT8JwhvUD16YDxEQfY2d9HORQPR/lZc8EF/GFpYflGOfYEtUCL3hz5SFvuAH1HpxMjUU5elnGeWRd2cjkgg=\n\
        trusted comment: version:1.2.3 file:Program-1.2.3.AppImage\n\
        9vrjcAVRTPA5KVRPkfGlmPzryPQAK6VFbmjM7I/yFwtOWVv+uWmOkHdEHVdqkctAYMZcDXCYXkGIvG7rFwjmDg==\n";

    #[test]
    fn what_minisign_itself_has_signed_as_the_documents_say_is_taken() {
        let key = PublicKey::from_base64(KEY).unwrap();
        let comment = verified(&key, SIGNATURE, b"a new version\n".as_slice()).unwrap();
        is_for(&comment, &Version::new(1, 2, 3), FILE).unwrap();
        assert_eq!(is_for(&comment, &Version::new(1, 2, 4), FILE), Err(UpdateFailure::NotGenuine));
        assert_eq!(is_for(&comment, &Version::new(1, 2, 3), "Other.AppImage"), Err(UpdateFailure::NotGenuine));
        assert!(verified(&key, SIGNATURE, b"another version\n".as_slice()).is_err());
        let changed = SIGNATURE.replace("version:1.2.3", "version:1.2.4");
        assert!(verified(&key, &changed, b"a new version\n".as_slice()).is_err());
    }
}
