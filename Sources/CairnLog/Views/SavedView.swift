import CairnCore

/// What a view was told, and the entry that was looked at, as ``SavedViews`` keeps them.
public struct SavedView: Sendable, Hashable, Codable {
  public var state: LogViewState
  /// The entry that was looked at; a program that shows the view again reveals it.
  public var position: EntryID?
  /// The number of entries that the log had: of what came later, a rule of depth is to be obeyed
  /// still.
  public var entryCount: Int

  public init(_ state: LogViewState, position: EntryID? = nil, entryCount: Int) {
    self.state = state
    self.position = position
    self.entryCount = entryCount
  }
}

extension SavedView {
  static let version: UInt32 = 1
  /// `CLOGVIEW`
  private static let magic: UInt64 = 0x5745_4956_474F_4C43
  private static let headerByteCount = 32
  private static let alignment = 32

  /// What of it is there beside the entries that differ; the raw values are stored.
  private struct Parts: OptionSet {
    let rawValue: UInt8

    static let expandsByDefault = Parts(rawValue: 1)
    static let depth = Parts(rawValue: 2)
    static let severity = Parts(rawValue: 4)
    static let position = Parts(rawValue: 8)
    static let all: Parts = [.expandsByDefault, .depth, .severity, .position]
  }

  /// The bytes of a file for the log with that identity.
  func encoded(_ identity: UInt64) -> [UInt8] {
    var content = BinaryWriter()
    var parts: Parts = []
    if state.expandsByDefault { parts.insert(.expandsByDefault) }
    if state.depth != nil { parts.insert(.depth) }
    if state.minimumSeverity != nil { parts.insert(.severity) }
    if position != nil { parts.insert(.position) }
    content.append(parts.rawValue)
    if let depth = state.depth { content.append(varint: max(0, depth)) }
    if let severity = state.minimumSeverity { content.append(severity.rawValue) }
    if let position { content.append(varint: UInt64(position.number)) }
    content.append(varint: entryCount)
    let toggled = Set(state.toggled).sorted()
    content.append(varint: toggled.count)
    var next: UInt32 = 0
    for id in toggled {
      content.append(varint: UInt64(id.number - next))
      next = id.number &+ 1
    }

    var file = BinaryWriter()
    file.append(UInt64(0))
    file.append(Self.magic)
    file.append(Self.version)
    file.append(UInt32(content.count))
    file.append(identity)
    file.append(content.bytes)
    var bytes = file.bytes
    let excess = bytes.count % Self.alignment
    if excess > 0 { bytes.append(contentsOf: repeatElement(0, count: Self.alignment - excess)) }
    let checksum = Self.checksum(bytes)
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
    return bytes
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt64 {
    bytes.withRawBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return BlockChecksum.of(start, bytes.count, seed: 0)
    }
  }

  /// Reads the bytes of a file.
  ///
  /// - Parameters:
  ///   - identity: that of the log that it shall belong to.
  ///   - subject: for messages.
  init(_ bytes: [UInt8], of identity: UInt64, _ subject: String) throws(LogError) {
    var reader = BinaryReader(bytes.span.bytes)
    var read: (magic: UInt64, version: UInt32, byteCount: UInt32, identity: UInt64)?
    var checksum: UInt64 = 0
    do throws(IOError) {
      checksum = try reader.read(UInt64.self)
      read = (
        try reader.read(UInt64.self), try reader.read(UInt32.self), try reader.read(UInt32.self),
        try reader.read(UInt64.self)
      )
    } catch {
      throw Self.damaged(subject, "it ends too soon")
    }
    guard let read, read.magic == Self.magic else {
      throw Self.damaged(subject, "it begins with something else")
    }
    guard read.version == Self.version else {
      throw LogError(
        .newerFormat,
        "\(subject) has version \(read.version) of the format, and this library knows "
          + "\(Self.version); use a newer one")
    }
    guard bytes.count % Self.alignment == 0, Self.checksum(bytes) == checksum else {
      throw Self.damaged(subject, "its checksum is wrong")
    }
    guard read.identity == identity else {
      throw LogError(
        .otherLog, "\(subject) is that of another log; remove it, or save a view of this log")
    }
    let padding = bytes.count - Self.headerByteCount - Int(read.byteCount)
    guard (0..<Self.alignment).contains(padding) else {
      throw Self.damaged(subject, "it is not as long as it says")
    }
    do throws(IOError) {
      self = try Self.decode(&reader)
    } catch {
      throw Self.damaged(subject, "it does not follow the format")
    }
    guard reader.offset == Self.headerByteCount + Int(read.byteCount) else {
      throw Self.damaged(subject, "it does not follow the format")
    }
  }

  private static func decode(_ reader: inout BinaryReader) throws(IOError) -> SavedView {
    let malformed = IOError(.malformed, operation: "decode", subject: "a saved view")
    let parts = Parts(rawValue: try reader.readUInt8())
    guard parts.isSubset(of: .all) else { throw malformed }
    var view = SavedView(LogViewState(), entryCount: 0)
    view.state.expandsByDefault = parts.contains(.expandsByDefault)
    if parts.contains(.depth) { view.state.depth = try reader.readVarint(upTo: Int.max) }
    if parts.contains(.severity) {
      guard let severity = Severity(rawValue: try reader.readUInt8()) else { throw malformed }
      view.state.minimumSeverity = severity
    }
    let largest = Int(EntryID.maximum.number)
    if parts.contains(.position) {
      view.position = EntryID(UInt32(try reader.readVarint(upTo: largest)))
    }
    view.entryCount = try reader.readVarint(upTo: largest + 1)
    let count = try reader.readCount()
    view.state.toggled.reserveCapacity(count)
    var next = 0
    for _ in 0..<count {
      let id = next + (try reader.readVarint(upTo: largest))
      guard id <= largest else { throw malformed }
      view.state.toggled.append(EntryID(UInt32(id)))
      next = id + 1
    }
    return view
  }

  @inline(never)
  private static func damaged(_ subject: String, _ what: String) -> LogError {
    LogError(
      .damaged, "\(subject) is damaged: \(what); remove it, or save another under its name")
  }
}
