import CairnChunks
import CairnCore
import Synchronization

/// The content of files with several names, so that each is read once and not once per name.
///
/// Memory: some 150 bytes for each of at most 65,536 files, each of which is forgotten when all its
/// names were seen. When that many wait for names, which may lie outside of what is backed up,
/// further files are read once per name.
final class LinkedContents: Sendable {
  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private struct Known {
    let size: Int64
    let modificationTime: Int64
    let changeTime: Int64
    let content: Content
    var namesLeft: UInt64
  }

  private let known = Mutex<[Identity: Known]>([:])
  private static let limit = 1 << 16

  /// The content of a file if it was stored under another name and has not changed since.
  func content(of status: FileStatus) -> Content? {
    guard status.linkCount > 1 else { return nil }
    return known.withLock { known in
      let identity = Identity(device: status.device, inode: status.inode)
      guard var found = known[identity] else { return nil }
      guard found.size == status.size, found.modificationTime == status.modificationTime,
        found.changeTime == status.changeTime
      else {
        known[identity] = nil
        return nil
      }
      found.namesLeft -= 1
      known[identity] = found.namesLeft == 0 ? nil : found
      return found.content
    }
  }

  /// Takes note of a file that was stored.
  func remember(_ content: Content, of status: FileStatus) {
    guard status.linkCount > 1 else { return }
    known.withLock { known in
      guard known.count < Self.limit else { return }
      known[Identity(device: status.device, inode: status.inode)] = Known(
        size: status.size, modificationTime: status.modificationTime,
        changeTime: status.changeTime, content: content, namesLeft: status.linkCount - 1)
    }
  }
}
