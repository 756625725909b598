import CairnCore

extension LogSnapshot {
  /// The first of some entries, in order of arrival, whose text contains `text`.
  ///
  /// The text with which an entry was appended counts, and the last one that it was given. Reads all
  /// of the entries: who does not want to wait so long asks for some of them at a time.
  ///
  /// - Parameters:
  ///   - ids: those that the log does not have are passed over.
  ///   - text: compared byte by byte; not empty.
  public func firstEntry(
    in ids: Range<EntryID>, containing text: String
  ) throws(LogError) -> EntryID? {
    let pattern = Array(text.utf8)
    precondition(!pattern.isEmpty, "an empty text is everywhere")
    var found: EntryID?
    try forEachRecord(from: ids.lowerBound.number) { record throws(LogError) in
      guard record.isEntry else { return true }
      guard record.id < ids.upperBound.number else { return false }
      if try contains(record, pattern) { found = EntryID(record.id) }
      return found == nil
    }
    return found
  }

  /// The last of some entries, in order of arrival, whose text contains `text`; else as
  /// ``firstEntry(in:containing:)``.
  public func lastEntry(
    in ids: Range<EntryID>, containing text: String
  ) throws(LogError) -> EntryID? {
    let pattern = Array(text.utf8)
    precondition(!pattern.isEmpty, "an empty text is everywhere")
    let first = ids.lowerBound.number
    var end = min(ids.upperBound.number, state.entryCount)
    while first < end {
      let frame = try self.frame(at: frameOffset(of: end - 1))
      guard frame.ids.contains(end - 1) else {
        throw .damagedIndex("entry \(end - 1) is not in the frame in which it should be")
      }
      var cursor = RecordCursor(frame)
      var found: EntryID?
      while let record = try cursor.next() {
        guard record.isEntry, record.id >= first, record.id < end else { continue }
        if try contains(record, pattern) { found = EntryID(record.id) }
      }
      if let found { return found }
      end = frame.firstID
    }
    return nil
  }

  private func contains(_ record: Record, _ pattern: [UInt8]) throws(LogError) -> Bool {
    if Self.contains(record.body, pattern) { return true }
    guard record.kind == .opening, try head(of: NodeKey(id: record.id)).textFrame != 0 else {
      return false
    }
    let text = Array(try entry(EntryID(record.id)).text.utf8)
    return text.withRawBytes { Self.contains($0, pattern) }
  }

  /// The last entry of a severity or worse before `id`, in the order of an outline with everything
  /// expanded; the last one of all for `nil`.
  ///
  /// The other way round, it finds what ``nextEntry(after:severity:)`` finds.
  public func previousEntry(
    before id: EntryID?, severity: Severity
  ) throws(LogError) -> EntryID? {
    var (node, end) = (NodeKey.root, 0)
    if let id {
      let place = try place(of: id.number)
      (node, end) = (place.parent, Int(place.ordinal))
    } else {
      end = try childCount(of: .root)
    }
    while true {
      if var child = try lastChild(before: end, of: node, severity) {
        while child.isNode, let deeper = try lastChild(in: NodeKey(id: child.id), severity) {
          child = deeper
        }
        if try ownSeverity(child) >= severity { return EntryID(child.id) }
        let place = try place(of: child.id)
        (node, end) = (place.parent, Int(place.ordinal))
      } else if node == .root {
        return nil
      } else {
        let place = try place(of: node.id)
        if try ownSeverity(self.child(Int(place.ordinal), of: place.parent)) >= severity {
          return EntryID(node.id)
        }
        (node, end) = (place.parent, Int(place.ordinal))
      }
    }
  }

  private func lastChild(in node: NodeKey, _ severity: Severity) throws(LogError) -> Child? {
    try lastChild(before: childCount(of: node), of: node, severity)
  }

  /// The last of a node's children before `ordinal` with something of a severity.
  private func lastChild(
    before ordinal: Int, of node: NodeKey, _ severity: Severity
  ) throws(LogError) -> Child? {
    var end = ordinal
    guard end > 0, try head(of: node).worst >= severity else { return nil }
    while end > 0 {
      let part = (end - 1) / Child.perPart
      let children = try children(inPart: UInt32(part), of: node)
      let first = part * Child.perPart
      if let found = children.prefix(end - first).last(where: { $0.worst >= severity }) {
        return found
      }
      end = first
    }
    return nil
  }
}
