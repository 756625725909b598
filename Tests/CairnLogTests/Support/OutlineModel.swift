import CairnLog

/// An outline in memory that is told, and asked, the same as a log.
struct OutlineModel: Equatable {
  struct Entry: Equatable {
    var parent: Int?
    var ordinal: Int
    var severity: Severity
    var text: String
    var isNode: Bool
    var isOpen: Bool
    var children: [Int] = []
    var result: String?
    var closing: Severity?
    var time: Int64
    var closingTime: Int64 = 0
    var texts: [String]
  }

  private(set) var entries: [Entry] = []
  private(set) var roots: [Int] = []

  mutating func append(
    _ text: String, _ severity: Severity, under parent: Int?, isNode: Bool, time: Int64
  ) {
    let id = entries.count
    let ordinal = parent.map { entries[$0].children.count } ?? roots.count
    entries.append(
      Entry(
        parent: parent, ordinal: ordinal, severity: severity, text: text, isNode: isNode,
        isOpen: isNode, time: time, texts: [text]))
    if let parent { entries[parent].children.append(id) } else { roots.append(id) }
  }

  mutating func setText(_ text: String, of id: Int) {
    entries[id].text = text
    entries[id].texts.append(text)
  }

  mutating func close(_ id: Int, _ severity: Severity, _ result: String?, time: Int64) {
    entries[id].isOpen = false
    entries[id].closing = severity
    entries[id].result = result
    entries[id].closingTime = time
  }

  func children(of id: Int?) -> [Int] { id.map { entries[$0].children } ?? roots }

  var open: [Int] { entries.indices.filter { entries[$0].isOpen } }

  func canClose(_ id: Int) -> Bool {
    entries[id].isOpen && !entries[id].children.contains { entries[$0].isOpen }
  }

  func ownSeverity(_ id: Int) -> Severity {
    max(entries[id].severity, entries[id].closing ?? .trace)
  }

  /// The size of each subtree, and its worst severity.
  func sums() -> [(size: Int, worst: Severity)] {
    var sums = entries.indices.map { (size: 1, worst: ownSeverity($0)) }
    for id in entries.indices.reversed() {
      guard let parent = entries[id].parent else { continue }
      sums[parent].size += sums[id].size
      sums[parent].worst = max(sums[parent].worst, sums[id].worst)
    }
    return sums
  }

  /// All entries, each before those under it, and their depths.
  func outline() -> [(id: Int, depth: Int)] { rows(filter: nil) { _, _ in true } }

  /// The rows of a view.
  func rows(
    filter: Severity?, isExpanded: (Int, Int) -> Bool
  ) -> [(id: Int, depth: Int)] {
    let sums = filter == nil ? [] : sums()
    var rows: [(id: Int, depth: Int)] = []
    var waiting = roots.reversed().map { (id: $0, depth: 0) }
    while let (id, depth) = waiting.popLast() {
      if let filter, sums[id].worst < filter { continue }
      rows.append((id, depth))
      if entries[id].isNode, isExpanded(id, depth) {
        for child in entries[id].children.reversed() { waiting.append((child, depth + 1)) }
      }
    }
    return rows
  }
}

/// A log and its model, and random changes to both.
struct LogPair {
  var model = OutlineModel()
  var random: SeededRandom
  /// Favours few parents with many children, or deep outlines.
  let isDeep: Bool
  private var clock: Int64 = 1_000_000

  init(seed: UInt64, isDeep: Bool) {
    random = SeededRandom(seed)
    self.isDeep = isDeep
  }

  mutating func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

  mutating func severity() -> Severity {
    number(30) == 0 ? [.warning, .error, .critical][number(3)] : [.debug, .info][number(2)]
  }

  /// Appends, closes, or changes a text.
  mutating func change(_ log: Log) throws {
    let open = model.open
    clock += Int64(number(2000)) - 100
    let choice = number(20)
    if choice == 0, let id = pick(open) {
      let text = "progress \(number(100))"
      try log.setText(text, of: EntryID(UInt32(id)), time: clock)
      model.setText(text, of: id)
    } else if choice < (isDeep ? 2 : 4), let id = pick(open.filter { model.canClose($0) }) {
      let severity: Severity = number(5) == 0 ? severity() : .trace
      let result = number(2) == 0 ? "result \(number(9))" : nil
      try log.close(EntryID(UInt32(id)), severity, result: result, time: clock)
      model.close(id, severity, result, time: clock)
    } else {
      try append(log, open)
    }
  }

  private mutating func append(_ log: Log, _ open: [Int]) throws {
    let isNode = number(isDeep ? 3 : 9) == 0
    let parent: Int?
    if open.isEmpty || number(40) == 0 {
      parent = nil
    } else if number(3) > 0 {
      parent = isDeep ? open.last : open.first
    } else {
      parent = pick(open)
    }
    let text = number(50) == 0 ? String(repeating: "long ", count: number(900)) : "e\(number(999))"
    let severity = severity()
    let under = parent.map { EntryID(UInt32($0)) }
    let id: EntryID
    if isNode {
      id = try log.open(text, severity, under: under, time: clock)
    } else {
      id = try log.append(text, severity, under: under, time: clock)
    }
    precondition(Int(id.number) == model.entries.count)
    model.append(text, severity, under: parent, isNode: isNode, time: clock)
  }

  private mutating func pick(_ ids: [Int]) -> Int? {
    ids.isEmpty ? nil : ids[number(ids.count)]
  }
}
