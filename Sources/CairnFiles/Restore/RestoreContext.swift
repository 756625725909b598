import CairnCore
import Synchronization
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What all directories of one restore share.
final class RestoreContext: Sendable {
  let path: FilePath
  let options: RestoreOptions
  let report: @Sendable (IOError) -> Void
  let owners = OwnerNames()
  let counter = HandleCounter()
  let cache: OpenDirectoryCache
  let isRoot = geteuid() == 0
  /// Directories whose attributes have not been applied yet.
  let pendingDirectories = Atomic(0)
  /// The directory of the file that was linked to last.
  let lastLinked = Mutex<(key: [UInt8], handle: DirectoryHandle)?>(nil)

  private let seed = UInt64.random(in: .min ... .max)
  private let temporaryCount = Atomic<UInt64>(0)

  init(
    _ path: FilePath, _ options: RestoreOptions, _ report: @escaping @Sendable (IOError) -> Void
  ) {
    self.path = path
    self.options = options
    self.report = report
    cache = OpenDirectoryCache(capacity: options.openDirectories)
  }

  /// A name that another process is not likely to use.
  ///
  /// It need not be secret, since a file is only ever created under it, never opened; so one random
  /// number per restore does, and a million files do not ask the kernel for a million.
  func makeTemporaryName() -> TemporaryName {
    let count = temporaryCount.wrappingAdd(1, ordering: .relaxed).oldValue
    // An odd factor maps different counts to different numbers.
    return TemporaryName(number: seed &+ count &* 0x9E37_79B9_7F4A_7C15)
  }
}
