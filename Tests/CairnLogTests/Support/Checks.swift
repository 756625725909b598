import Testing

@testable import CairnLog

extension LogSnapshot {
  /// Compares everything that can be asked with the model.
  func check(_ model: OutlineModel, sourceLocation: SourceLocation = #_sourceLocation) throws {
    func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) {
      if found != expected {
        Issue.record("\(what): \(found), not \(expected)", sourceLocation: sourceLocation)
      }
    }
    expect(count, model.entries.count, "count")
    guard count == model.entries.count else { return }
    let sums = model.sums()
    expect(try childCount(of: nil), model.roots.count, "entries without parent")
    expect(try subtreeCount(of: nil), count, "all entries")
    expect(try worstSeverity(of: nil), sums.map(\.worst).max() ?? .trace, "worst of all")
    for (number, expected) in model.entries.enumerated() {
      let id = EntryID(UInt32(number))
      let parent = expected.parent.map { EntryID(UInt32($0)) }
      let entry = try entry(id)
      let wanted = LogEntry(
        id: id, parent: parent, ordinal: expected.ordinal, time: expected.time,
        severity: expected.isOpen || !expected.isNode ? expected.severity : sums[number].worst,
        content: .text(expected.text), fields: [], canHaveChildren: expected.isNode,
        isOpen: expected.isOpen,
        result: expected.isNode && !expected.isOpen
          ? LogEntry.Result(time: expected.closingTime, text: expected.result) : nil)
      expect(entry, wanted, "entry \(id)")
      expect(try childCount(of: id), expected.children.count, "children of \(id)")
      expect(try subtreeCount(of: id), sums[number].size, "size of \(id)")
      expect(try worstSeverity(of: id), sums[number].worst, "worst under \(id)")
      for (ordinal, child) in expected.children.enumerated() {
        expect(try self.child(ordinal, of: id), EntryID(UInt32(child)), "child of \(id)")
      }
    }
    var severe: [Int] = []
    var place: EntryID?
    while let next = try nextEntry(after: place, severity: .warning), severe.count <= count {
      severe.append(Int(next.number))
      place = next
    }
    expect(
      severe, model.outline().map(\.id).filter { model.ownSeverity($0) >= .warning },
      "severe entries")
    var matches: [Int] = []
    place = nil
    while let next = try nextEntry(after: place, containing: "e1"), matches.count <= count {
      matches.append(Int(next.number))
      place = next
    }
    expect(
      matches,
      model.entries.indices.filter { model.entries[$0].texts.contains { $0.contains("e1") } },
      "entries with a text")
  }
}

/// What a view was told, in the simplest form.
struct ViewModel {
  var expandsByDefault = false
  var depth: Int?
  var toggled: Set<Int> = []
  var filter: Severity?

  func isExpanded(_ id: Int, _ depth: Int) -> Bool {
    let byRule = self.depth.map { depth < $0 } ?? expandsByDefault
    return byRule != toggled.contains(id)
  }

  func rows(_ model: OutlineModel) -> [(id: Int, depth: Int)] {
    model.rows(filter: filter) { isExpanded($0, $1) }
  }
}

extension LogView {
  /// Compares every row, and every entry's row, with the model.
  func check(
    _ told: ViewModel, _ model: OutlineModel, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = told.rows(model)
    let sums = model.sums()
    let rows = try rows(in: 0..<expected.count + 5)
    let found = rows.map { "\($0.row) \($0.entry.id) \($0.depth)" }
    let wanted = expected.enumerated().map { "\($0.offset) \($0.element.id) \($0.element.depth)" }
    guard try rowCount == expected.count, found == wanted else {
      Issue.record(
        "the rows are \(found), \(try rowCount) of them, not \(wanted); told \(told)",
        sourceLocation: sourceLocation)
      return
    }
    for row in rows {
      let id = Int(row.entry.id.number)
      let shown = model.entries[id].children.filter { child in
        told.filter.map { sums[child].worst >= $0 } ?? true
      }
      #expect(row.childCount == shown.count, sourceLocation: sourceLocation)
      #expect(row.worstSeverity == sums[id].worst, sourceLocation: sourceLocation)
      #expect(
        row.isExpanded == (model.entries[id].isNode && told.isExpanded(id, row.depth)),
        sourceLocation: sourceLocation)
      // From any row on.
      #expect(
        try self.rows(in: row.row..<row.row + 1) == [row], sourceLocation: sourceLocation)
    }
    var places: [Int: Int] = [:]
    for (row, place) in expected.enumerated() { places[place.id] = row }
    for id in model.entries.indices {
      let found = try self.row(of: EntryID(UInt32(id)))
      if found != places[id] {
        Issue.record(
          "entry \(id) is in row \(found ?? -1), not \(places[id] ?? -1); told \(told)",
          sourceLocation: sourceLocation)
      }
    }
  }
}
