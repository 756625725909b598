/// What is said in the log, one after the other. The raw values are stored.
enum RecordKind: UInt8 {
  /// An entry that cannot have children.
  case entry = 0
  /// An entry that can.
  case opening = 1
  /// An opened entry can have no more children.
  case closing = 2
  /// An open entry has another text.
  case text = 3
  /// The next number stands for a name of fields.
  case name = 4
}

/// A record in a ``Frame``, valid as long as the frame is kept.
///
/// The first byte is the kind, the severity times 8, 64 for `hasMore`, and 128 for `isBytes`.
struct Record {
  let kind: RecordKind
  let severity: Severity
  /// Of an entry: fields follow. Of a closing: there is a text.
  let hasMore: Bool
  /// The body is not text.
  let isBytes: Bool
  let time: Int64
  /// The entry that it concerns; of a name nothing.
  let id: UInt32
  /// Of an entry: its parent's id plus 1, or 0.
  let parent: NodeKey
  let ordinal: UInt32
  let body: UnsafeRawBufferPointer
  let fields: UnsafeRawBufferPointer

  var isEntry: Bool { kind == .entry || kind == .opening }
}

/// Goes through the records of a frame.
struct RecordCursor {
  private var bytes: ByteCursor
  private var time: Int64
  /// The id of the next entry.
  private(set) var nextID: UInt32
  private let endID: UInt32
  private(set) var recordsLeft: Int
  private let frameOffset: Int64

  init(_ frame: Frame) {
    bytes = ByteCursor(frame.records)
    time = frame.baseTime
    nextID = frame.firstID
    endID = frame.ids.upperBound
    recordsLeft = frame.recordCount
    frameOffset = frame.offset
  }

  /// - Returns: `nil` behind the last one.
  mutating func next() throws(LogError) -> Record? {
    guard recordsLeft > 0 else {
      guard bytes.remaining == 0, nextID == endID else {
        throw .damagedFrame(at: frameOffset, "it holds more or less than it says")
      }
      return nil
    }
    recordsLeft -= 1
    do throws(ByteCursor.Malformed) {
      return try decode()
    } catch {
      throw .damagedFrame(at: frameOffset, "a record does not follow the format")
    }
  }

  @inline(__always)
  private mutating func decode() throws(ByteCursor.Malformed) -> Record {
    let tag = try bytes.readByte()
    guard let kind = RecordKind(rawValue: tag & 7), let severity = Severity(rawValue: tag >> 3 & 7)
    else { throw ByteCursor.Malformed() }
    let hasMore = tag & 64 != 0
    let isBytes = tag & 128 != 0
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    guard kind != .name else {
      return Record(
        kind: kind, severity: severity, hasMore: hasMore, isBytes: isBytes, time: time, id: 0,
        parent: .root, ordinal: 0, body: try bytes.readCounted(), fields: none)
    }
    time = time.addingReportingOverflow(try bytes.readSigned()).partialValue
    // How many entries ago; 0 for no parent.
    let distance = try bytes.readUInt32()
    guard distance <= nextID else { throw ByteCursor.Malformed() }
    switch kind {
    case .entry, .opening:
      guard nextID < endID else { throw ByteCursor.Malformed() }
      let id = nextID
      nextID += 1
      let parent = distance == 0 ? NodeKey.root : NodeKey(id: id - distance)
      let ordinal = try bytes.readUInt32()
      let body = try bytes.readCounted()
      return Record(
        kind: kind, severity: severity, hasMore: hasMore, isBytes: isBytes, time: time, id: id,
        parent: parent, ordinal: ordinal, body: body,
        fields: hasMore ? try bytes.readCounted() : none)
    default:
      guard distance > 0 else { throw ByteCursor.Malformed() }
      return Record(
        kind: kind, severity: severity, hasMore: hasMore, isBytes: isBytes, time: time,
        id: nextID - distance, parent: .root, ordinal: 0,
        body: kind == .text || hasMore ? try bytes.readCounted() : none, fields: none)
    }
  }
}
