import CairnCore
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Opens the files of a batch some time before they are read, and has the system fetch their
/// beginnings meanwhile: a disk that is asked for one small file at a time is mostly waited for.
///
/// One owner at a time.
final class FilesAhead {
  private let batch: FileBatch
  private let depth: Int
  private var nextItem = 0
  private var nextName = 0
  /// Files that are open, the first to be read first; `nil` for one that could not be opened.
  private var ahead: [FileDescriptor?] = []
  private var taken = 0

  /// The most that is fetched of each.
  private static let fetchSize: Int64 = 1 << 20

  /// - Parameter depth: how many are open at the most, beside the one that is read.
  init(_ batch: FileBatch, depth: Int) {
    self.batch = batch
    self.depth = depth
  }

  deinit {
    for file in ahead[taken...] { try? file?.close() }
  }

  /// Opens the next file of the batch that is to be read; the caller closes it.
  ///
  /// - Parameters:
  ///   - name: with a zero at the end.
  func open(_ name: [UInt8], in directory: DirectoryHandle) throws(Errno) -> FileDescriptor {
    openAhead()
    let file = ahead[taken]
    taken += 1
    if let file { return file }
    // Whatever the reason was, it may have been that too many were open.
    return try name.withRawBytes { (name) throws(Errno) in try Self.open(name, in: directory) }
  }

  /// Passes over the next file that is to be read.
  func skip() {
    openAhead()
    try? ahead[taken]?.close()
    taken += 1
  }

  private func openAhead() {
    if taken == ahead.count { (ahead, taken) = ([], 0) }
    // In one go when half of them are used up: the disk sorts what it is asked for together.
    guard ahead.count - taken <= depth / 2 else { return }
    while nextItem < batch.items.count, ahead.count - taken <= depth {
      let item = batch.items[nextItem]
      nextItem += 1
      guard let directory = item.directory, let status = item.status else { continue }
      let name = nextName..<nextName + item.nameLength
      nextName = name.upperBound
      let file = try? batch.names.withRawBytes { (names) throws(Errno) in
        try Self.open(UnsafeRawBufferPointer(rebasing: names[name]), in: directory)
      }
      file?.fetch(min(status.size, Self.fetchSize))
      ahead.append(file)
    }
  }

  private static func open(
    _ name: UnsafeRawBufferPointer, in directory: DirectoryHandle
  ) throws(Errno) -> FileDescriptor {
    try directory.descriptor.openEntry(
      name.baseAddress!.assumingMemoryBound(to: CChar.self), .readOnly,
      options: [.noFollow, .nonBlocking])
  }
}

extension FileDescriptor {
  /// Has the system read the beginning of a file, without waiting for it.
  fileprivate func fetch(_ byteCount: Int64) {
    guard byteCount > 0 else { return }
    #if canImport(Darwin)
      var advice = radvisory(ra_offset: 0, ra_count: CInt(byteCount))
      _ = fcntl(rawValue, F_RDADVISE, &advice)
    #else
      _ = posix_fadvise(rawValue, 0, off_t(byteCount), POSIX_FADV_WILLNEED)
    #endif
  }
}
