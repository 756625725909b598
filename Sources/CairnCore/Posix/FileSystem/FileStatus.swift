#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the file system says about a file: the C `struct stat` in fixed-width integers.
///
/// Times are nanoseconds since 1970-01-01 00:00 UTC. A time more than 292 years away from that does
/// not fit and becomes the nearest that does.
public struct FileStatus: Sendable, Hashable {
  /// The file system that holds the file.
  public let device: UInt64
  /// The file's number on its file system.
  public let inode: UInt64
  /// The number of names that the file has.
  public let linkCount: UInt64
  /// The size in bytes; of a symbolic link, its target's length.
  public let size: Int64
  /// The space that the file takes, in units of 512 bytes. Less than ``size`` in a sparse file.
  public let blocks: Int64
  /// When the content was last changed (`mtime`).
  public let modificationTime: Int64
  /// When the content or an attribute was last changed (`ctime`); programs cannot set it.
  public let changeTime: Int64
  /// When the content was last read, as far as the file system keeps track (`atime`).
  public let accessTime: Int64
  /// The owner's number.
  public let uid: UInt32
  /// The group's number.
  public let gid: UInt32
  /// The C `st_mode`: type and permission bits.
  public let mode: UInt32
  /// What a device file stands for; zero for other kinds.
  public let deviceNumber: DeviceNumber

  /// What kind of file this is.
  public var kind: FileKind { FileKind(mode: mode) }
  /// The permission bits with setuid, setgid and sticky: the low twelve bits of ``mode``.
  public var permissions: UInt16 { UInt16(truncatingIfNeeded: mode & 0o7777) }

  /// Whether both are the same file under, perhaps, different names.
  public func isSameFile(as other: FileStatus) -> Bool {
    inode == other.inode && device == other.device
  }

  init(_ raw: borrowing stat) {
    #if canImport(Darwin)
      let (modified, changed, accessed) = (raw.st_mtimespec, raw.st_ctimespec, raw.st_atimespec)
    #else
      let (modified, changed, accessed) = (raw.st_mtim, raw.st_ctim, raw.st_atim)
    #endif
    device = UInt64(truncatingIfNeeded: raw.st_dev)
    inode = UInt64(truncatingIfNeeded: raw.st_ino)
    linkCount = UInt64(truncatingIfNeeded: raw.st_nlink)
    size = Int64(raw.st_size)
    blocks = Int64(raw.st_blocks)
    modificationTime = Self.nanoseconds(modified)
    changeTime = Self.nanoseconds(changed)
    accessTime = Self.nanoseconds(accessed)
    uid = raw.st_uid
    gid = raw.st_gid
    mode = UInt32(raw.st_mode)
    deviceNumber = DeviceNumber(raw: raw.st_rdev)
  }

  static func nanoseconds(_ time: timespec) -> Int64 {
    let (scaled, overflows) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    if overflows { return time.tv_sec < 0 ? .min : .max }
    let (sum, sumOverflows) = scaled.addingReportingOverflow(Int64(time.tv_nsec))
    return sumOverflows ? .max : sum
  }
}
