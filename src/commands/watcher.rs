//! Being told that a file may have changed.

use std::ffi::OsString;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Tells when something happens in the folder of a file. Where the system cannot tell, it never
/// does: whoever waits is to look now and then as well.
pub(super) struct FileWatcher {
    happened: Arc<Notify>,
    /// Tells as long as it is held.
    _watcher: Option<RecommendedWatcher>,
}

impl FileWatcher {
    /// Watches the folders of a file and of what it is a link to: programs replace a file by
    /// another one more often than they write into it.
    pub(super) fn new(path: &FilePath) -> Self {
        let happened = Arc::new(Notify::new());
        let tell = Arc::clone(&happened);
        let real = std::fs::canonicalize(path).ok();
        let names: Vec<PathBuf> =
            [Some(path), real.as_deref()].into_iter().flatten().map(PathBuf::from).collect();
        let known: Vec<OsString> =
            names.iter().filter_map(|path| path.file_name().map(OsString::from)).collect();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_news = event.is_ok_and(|event| {
                // That somebody has only read it is none, not least since that is done here.
                !event.kind.is_access()
                    && event.paths.iter().any(|path| {
                        path.file_name().is_some_and(|name| known.iter().any(|known| known == name))
                    })
            });
            if is_news {
                tell.notify_one();
            }
        });
        let mut watcher = watcher.ok();
        for path in &names {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(watcher) = &mut watcher {
                let _ = watcher.watch(folder.unwrap_or(FilePath::new(".")), RecursiveMode::NonRecursive);
            }
        }
        Self { happened, _watcher: watcher }
    }

    /// Waits until something happens.
    pub(super) async fn happened(&self) {
        self.happened.notified().await;
    }
}
