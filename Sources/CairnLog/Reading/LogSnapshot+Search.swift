#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension LogSnapshot {
  /// The number of ancestors of an entry.
  public func depth(of id: EntryID) throws(LogError) -> Int {
    var depth = 0
    var parent = try place(of: id.number).parent
    while parent != .root {
      depth += 1
      parent = try place(of: parent.id).parent
    }
    return depth
  }

  /// Calls `body` with the records from that of an entry on, in order of arrival, until it returns
  /// false.
  func forEachRecord(
    from id: UInt32, _ body: (Record) throws(LogError) -> Bool
  ) throws(LogError) {
    guard id < state.entryCount else { return }
    var offset = try frameOffset(of: id)
    while offset < state.end {
      let frame = try self.frame(at: offset)
      var cursor = RecordCursor(frame)
      while let record = try cursor.next() {
        if record.isEntry, record.id < id { continue }
        guard try body(record) else { return }
      }
      offset = frame.end
    }
  }

  /// Calls `body` with copies of the entries from one on, in order of arrival, until it returns false.
  public func forEachEntry(
    from id: EntryID = EntryID(0), _ body: (LogEntry) throws(LogError) -> Bool
  ) throws(LogError) {
    try forEachRecord(from: id.number) { record throws(LogError) in
      guard record.isEntry else { return true }
      return try body(entry(EntryID(record.id)))
    }
  }

  /// The first entry behind `id`, in order of arrival, whose text contains `text`; from the first on
  /// for `nil`.
  ///
  /// Reads all entries between the two. The text with which an entry was appended counts, and so does
  /// each that it was given later.
  ///
  /// - Parameter text: compared byte by byte; not empty.
  public func nextEntry(
    after id: EntryID?, containing text: String
  ) throws(LogError) -> EntryID? {
    let pattern = Array(text.utf8)
    precondition(!pattern.isEmpty, "an empty text is everywhere")
    if let id { try check(id.number) }
    let first = id.map { $0.number + 1 } ?? 0
    var found: EntryID?
    try forEachRecord(from: first) { record throws(LogError) in
      guard record.isEntry || record.kind == .text, record.id >= first else { return true }
      if Self.contains(record.body, pattern) { found = EntryID(record.id) }
      return found == nil
    }
    return found
  }

  static func contains(_ text: UnsafeRawBufferPointer, _ pattern: [UInt8]) -> Bool {
    guard var place = text.baseAddress, text.count >= pattern.count else { return false }
    let end = place + (text.count - pattern.count + 1)
    while place < end, let hit = memchr(place, CInt(pattern[0]), end - place) {
      if memcmp(hit, pattern, pattern.count) == 0 { return true }
      place = UnsafeRawPointer(hit) + 1
    }
    return false
  }

  /// The next entry of a severity or worse behind `id`, in the order of an outline with everything
  /// expanded; the first one for `nil`.
  ///
  /// The severity with which an entry was appended, or closed, counts, not that of entries under it.
  /// Passes over subtrees without such entries.
  public func nextEntry(
    after id: EntryID?, severity: Severity
  ) throws(LogError) -> EntryID? {
    var (node, ordinal) = (NodeKey.root, 0)
    if let id {
      if let own = try self.node(id) {
        node = own
      } else {
        let place = try place(of: id.number)
        (node, ordinal) = (place.parent, Int(place.ordinal) + 1)
      }
    }
    while true {
      if let child = try child(from: ordinal, of: node, severity) {
        if try ownSeverity(child) >= severity { return EntryID(child.id) }
        (node, ordinal) = (NodeKey(id: child.id), 0)
      } else if node == .root {
        return nil
      } else {
        let place = try place(of: node.id)
        (node, ordinal) = (place.parent, Int(place.ordinal) + 1)
      }
    }
  }

  /// The first of a node's children from `ordinal` on with something of a severity.
  private func child(
    from ordinal: Int, of node: NodeKey, _ severity: Severity
  ) throws(LogError) -> Child? {
    let head = try head(of: node)
    var ordinal = ordinal
    guard head.worst >= severity else { return nil }
    while ordinal < Int(head.childCount) {
      let children = try children(inPart: UInt32(ordinal / Child.perPart), of: node)
      for child in children[(ordinal % Child.perPart)...] {
        if child.worst >= severity { return child }
        ordinal += 1
      }
    }
    return nil
  }

  /// The worse of the severities with which an entry was appended and closed.
  func ownSeverity(_ child: Child) throws(LogError) -> Severity {
    guard child.isNode else { return child.worst }
    let (record, _) = try record(of: child.id)
    return max(record.severity, try closingSeverity(of: child.id) ?? .trace)
  }
}
