import CairnTree

/// Reads a log from its first frame on, and looks up in the index all that it says.
struct Verifier {
  private let snapshot: LogSnapshot
  private(set) var report = LogReport()
  /// The number of entries that the lists of children have together.
  private var listed = 0

  init(_ snapshot: LogSnapshot) {
    self.snapshot = snapshot
  }

  mutating func run() throws(LogError) {
    try attempt("the log as a whole") { (verifier) throws(LogError) in
      try verifier.check(.root, own: nil)
    }
    var offset = Int64(LogHeader.byteCount)
    var nextID: UInt32 = 0
    while offset < snapshot.state.end {
      guard
        let frame = try Frame.read(
          snapshot.storage, snapshot.header, at: offset, before: snapshot.state.end)
      else {
        report.add("there is no sound frame at offset \(offset); what follows was not looked at")
        return
      }
      if frame.firstID != nextID {
        report.add(
          "the frame at offset \(offset) begins with entry \(frame.firstID), not \(nextID)")
      }
      try check(frame)
      nextID = frame.ids.upperBound
      report.frames += 1
      report.bytes += Int64(frame.byteCount)
      offset = frame.end
    }
    if offset != snapshot.state.end || nextID != snapshot.state.entryCount {
      report.add("the index counts \(snapshot.count) entries, and the log \(nextID)")
    }
    if listed != snapshot.count {
      report.add("the lists of children have \(listed) entries, and the log \(snapshot.count)")
    }
  }

  private mutating func check(_ frame: Frame) throws(LogError) {
    if frame.entryCount > 0 {
      try attempt("the frame at offset \(frame.offset)") { (verifier) throws(LogError) in
        let offset = try verifier.snapshot.frameOffset(of: frame.firstID)
        if offset != frame.offset {
          verifier.report.add("the index has the frame at offset \(frame.offset) at \(offset)")
        }
      }
    }
    var cursor = RecordCursor(frame)
    do throws(LogError) {
      while let record = try cursor.next() {
        guard record.isEntry else { continue }
        report.entries += 1
        try attempt("entry \(record.id)") { (verifier) throws(LogError) in
          try verifier.check(record)
        }
      }
    } catch {
      guard error.code == .damaged else { throw error }
      report.add("\(error)")
    }
  }

  private mutating func check(_ record: Record) throws(LogError) {
    guard try Int(record.ordinal) < snapshot.childCount(of: record.parent) else {
      report.add("entry \(record.id) is not among the children of its parent")
      return
    }
    let child = try snapshot.child(Int(record.ordinal), of: record.parent)
    var (size, worst): (UInt32, Severity) = (1, record.severity)
    if record.kind == .opening {
      let node = NodeKey(id: record.id)
      try check(node, own: record.severity)
      let head = try snapshot.head(of: node)
      (size, worst) = (head.rows + 1, head.worst)
      // Its text, and its result, are where the index says.
      _ = try snapshot.entry(EntryID(record.id))
    }
    let expected = Child(
      id: record.id, size: size, worst: worst, isNode: record.kind == .opening)
    if child != expected {
      report.add("the list of its parent says of entry \(record.id) what is not so")
    }
  }

  /// Adds up what the list of a node's children says.
  private mutating func check(_ node: NodeKey, own: Severity?) throws(LogError) {
    let head = try snapshot.head(of: node)
    var (rows, worst): (UInt64, Severity) = (0, own ?? .trace)
    if head.isClosed { worst = max(worst, try snapshot.closingSeverity(of: node.id) ?? .trace) }
    let parts = (Int(head.childCount) + Child.perPart - 1) / Child.perPart
    for part in 0..<parts {
      let first = part * Child.perPart
      if try snapshot.rows(before: first, of: node) != Int(rows) {
        report.add("the sizes of the children \(Self.name(node)) do not add up at child \(first)")
      }
      for child in try snapshot.children(inPart: UInt32(part), of: node) {
        rows += UInt64(child.size)
        worst = max(worst, child.worst)
      }
    }
    listed += Int(head.childCount)
    if rows != UInt64(head.rows) || worst != head.worst {
      report.add("the size or the worst severity \(Self.name(node)) is not that of its children")
    }
  }

  private static func name(_ node: NodeKey) -> String {
    node == .root ? "of the log" : "of entry \(node.id)"
  }

  /// Runs a check, and takes damage down.
  private mutating func attempt(
    _ what: @autoclosure () -> String, _ body: (inout Verifier) throws(LogError) -> Void
  ) throws(LogError) {
    do throws(LogError) {
      try body(&self)
    } catch {
      guard [.damaged, .index].contains(error.code), error.indexError?.code != .storage else {
        throw error
      }
      report.add("\(what()): \(error)")
    }
  }
}
