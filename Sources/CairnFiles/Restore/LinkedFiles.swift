import CairnChunks
import CairnCore

/// The files of a restore that have several names, until all of them were restored.
///
/// Memory: a key and some 200 bytes for each file of which a name is still to come, or is not in
/// the snapshot.
struct LinkedFiles {
  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ metadata: FileMetadata) {
      device = metadata.device
      inode = metadata.inode
    }
  }

  private struct File {
    let content: FileContent
    /// A name under which this restore has made the file.
    var key: [UInt8]?
    var namesLeft: UInt64
  }

  private var files: [Identity: File] = [:]

  /// What a name is; called in the order of names.
  mutating func role(of entry: SnapshotEntry, _ content: FileContent) -> RestoreBatch.Role {
    guard entry.metadata.linkCount > 1 else { return .single }
    guard let known = files[Identity(entry.metadata)] else {
      files[Identity(entry.metadata)] = File(
        content: content, key: nil, namesLeft: entry.metadata.linkCount)
      return .first
    }
    // File systems use numbers again: what has another content is another file.
    return known.content == content ? .link : .single
  }

  /// A name of the same file that was restored.
  func restoredKey(of entry: SnapshotEntry) -> [UInt8]? { files[Identity(entry.metadata)]?.key }

  /// Takes note that a name was dealt with.
  ///
  /// - Parameter isRestored: whether a file was made under it, which others can be linked to.
  mutating func finish(_ entry: SnapshotEntry, isRestored: Bool) {
    let identity = Identity(entry.metadata)
    guard var file = files[identity] else { return }
    if isRestored { file.key = entry.key }
    file.namesLeft -= 1
    files[identity] = file.namesLeft == 0 ? nil : file
  }
}
