#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a name in a directory stands for.
///
/// The raw values are stored in snapshots and never change.
public enum FileKind: UInt8, Sendable, Hashable, CaseIterable {
  /// Something that this library does not know, or that a directory listing did not tell.
  case unknown = 0
  case regular = 1
  case directory = 2
  case symbolicLink = 3
  case fifo = 4
  case characterDevice = 5
  case blockDevice = 6
  case socket = 7

  /// The kind in the type bits of a C `mode_t`.
  package init(mode: UInt32) {
    switch mode_t(truncatingIfNeeded: mode) & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .directory
    case S_IFLNK: self = .symbolicLink
    case S_IFIFO: self = .fifo
    case S_IFCHR: self = .characterDevice
    case S_IFBLK: self = .blockDevice
    case S_IFSOCK: self = .socket
    default: self = .unknown
    }
  }

  /// The kind in the `d_type` of a directory entry, whose values are the type bits shifted down.
  package init(directoryEntryType: UInt8) {
    self.init(mode: UInt32(directoryEntryType) << 12)
  }
}

extension FileKind: CustomStringConvertible {
  /// The kind as a person calls it.
  public var description: String {
    switch self {
    case .unknown: "file of unknown kind"
    case .regular: "file"
    case .directory: "directory"
    case .symbolicLink: "symbolic link"
    case .fifo: "fifo"
    case .characterDevice: "character device"
    case .blockDevice: "block device"
    case .socket: "socket"
    }
  }
}
