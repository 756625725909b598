public import CairnCore

/// What a snapshot keeps about a file beside its name and its content.
///
/// Times are nanoseconds since 1970-01-01 00:00 UTC.
public struct FileMetadata: Sendable, Hashable {
  /// What has to be said about how the file was read.
  public struct Flags: OptionSet, Sendable, Hashable {
    /// The flags as bits.
    public let rawValue: UInt8
    /// Flags by their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The content changed while it was read, so it may mix several states of the file.
    public static let changedWhileRead = Flags(rawValue: 1 << 0)
    /// Some of the extended attributes could not be read.
    public static let attributesIncomplete = Flags(rawValue: 1 << 1)
  }

  /// What kind of file this is.
  public var kind: FileKind
  /// The permission bits with setuid, setgid and sticky, 12 bits.
  public var permissions: UInt16
  /// The owner's number.
  public var uid: UInt32
  /// The group's number.
  public var gid: UInt32
  /// The owner's name, if the system had one. Names mean the same on another system more often than
  /// numbers do.
  public var userName: String?
  /// The group's name, if the system had one.
  public var groupName: String?
  /// When the content was last changed (`mtime`).
  public var modificationTime: Int64
  /// When the content or an attribute was last changed (`ctime`). It cannot be restored; it tells
  /// whether the file has changed since.
  public var changeTime: Int64
  /// The file system that held the file; its number may be another after a restart.
  public var device: UInt64
  /// The file's number on its file system. Together with ``device`` it tells which names belong to
  /// one file.
  public var inode: UInt64
  /// The number of names that the file had, some of them perhaps outside of the snapshot.
  public var linkCount: UInt64
  /// The size of a regular file in bytes; 0 for other kinds.
  public var size: Int64
  /// What a device file stands for; zero for other kinds.
  public var deviceNumber: DeviceNumber
  /// Where a symbolic link points, in the bytes of the file system; empty for other kinds.
  public var linkTarget: [UInt8]
  /// Sorted by name, each name once.
  public var extendedAttributes: [ExtendedAttribute]
  /// What has to be said about how the file was read.
  public var flags: Flags

  /// What a status tells; names, link target and extended attributes are left empty.
  public init(_ status: FileStatus) {
    kind = status.kind
    permissions = status.permissions
    uid = status.uid
    gid = status.gid
    modificationTime = status.modificationTime
    changeTime = status.changeTime
    device = status.device
    inode = status.inode
    linkCount = status.linkCount
    size = kind == .regular ? status.size : 0
    deviceNumber =
      kind == .characterDevice || kind == .blockDevice
      ? status.deviceNumber : DeviceNumber(major: 0, minor: 0)
    linkTarget = []
    extendedAttributes = []
    flags = []
  }

  /// A file made up by the host, such as an importer: owned by root, changed at the epoch.
  public init(kind: FileKind, permissions: UInt16) {
    self.kind = kind
    self.permissions = permissions & 0o7777
    uid = 0
    gid = 0
    modificationTime = 0
    changeTime = 0
    device = 0
    inode = 0
    linkCount = 1
    size = 0
    deviceNumber = DeviceNumber(major: 0, minor: 0)
    linkTarget = []
    extendedAttributes = []
    flags = []
  }

  /// Whether a file of this status is the same and unchanged, as far as can be told without reading
  /// it: kind, size, inode and both times are equal.
  ///
  /// A change of owner, permissions or attributes moves the change time. The device is not
  /// compared, since a file system may have another number after each start of the system.
  public func isUnchanged(_ status: FileStatus) -> Bool {
    flags.isEmpty && kind == status.kind && inode == status.inode
      && modificationTime == status.modificationTime && changeTime == status.changeTime
      && (kind != .regular || size == status.size)
  }
}
