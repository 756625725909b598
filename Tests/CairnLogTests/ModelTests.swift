import CairnLog
import CairnTree
import Testing

/// Compares logs and views with an outline in memory, after random changes.
@Suite struct ModelTests {
  static let seeds: [UInt64] = runsLongTests ? Array(1...40) : [1, 2, 3, 4]

  private func open(_ entries: MemoryStorage, _ index: MemoryStorage) throws -> Log {
    // Few flushes by themselves, and by the timer none.
    try Log(entries: entries, index: index, LogOptions(flushInterval: nil, flushCount: 97))
  }

  @Test(arguments: seeds)
  func aLogIsAsItsModel(_ seed: UInt64) throws {
    var pair = LogPair(seed: seed, isDeep: seed % 2 == 0)
    let (entries, index) = (MemoryStorage(), MemoryStorage())
    var log = try open(entries, index)
    for round in 0..<6 {
      for _ in 0..<150 { try pair.change(log) }
      switch pair.number(3) {
      case 0: try log.flush()
      case 1: try log.synchronize()
      default:
        try log.finish()
        log = try open(entries, index)
        #expect(log.recovery == LogRecovery(), "seed \(seed), round \(round)")
      }
      try log.snapshot().check(pair.model)
      #expect(try log.openEntries == pair.model.open.map { EntryID(UInt32($0)) })
    }
  }

  @Test(arguments: seeds)
  func aViewIsAsItsModel(_ seed: UInt64) throws {
    var pair = LogPair(seed: seed, isDeep: seed % 2 == 0)
    let log = try open(MemoryStorage(), MemoryStorage())
    var view = LogView(try log.snapshot())
    var told = ViewModel()
    for _ in 0..<(runsLongTests ? 60 : 25) {
      let known = pair.model
      for _ in 0..<pair.number(60) { try pair.change(log) }
      try log.flush()
      try follow(view, to: log, known, &told, pair.model)
      for _ in 0..<pair.number(12) { try tell(view, &told, &pair) }
      try view.check(told, pair.model)
      if pair.number(6) == 0 {
        view = LogView(view.snapshot)
        told = ViewModel()
      } else if pair.number(4) == 0 {
        view = try LogView(view.snapshot, view.state)
      }
    }
  }

  /// Follows the log, and compares the reported insertions with what has become of the rows.
  private func follow(
    _ view: LogView, to log: Log, _ known: OutlineModel, _ told: inout ViewModel,
    _ model: OutlineModel
  ) throws {
    var rows = told.rows(known).map(\.id)
    let update = try view.update(to: log.snapshot())
    #expect(update.touched == known.open.map { EntryID(UInt32($0)) })
    let now = told.rows(model).map(\.id)
    #expect((update.insertions == nil) == (told.filter != nil))
    guard let insertions = update.insertions else { return }
    for change in insertions where change.row + change.inserted <= now.count {
      #expect(change.removed == 0)
      rows.insert(
        contentsOf: now[change.row..<change.row + change.inserted], at: min(change.row, rows.count))
    }
    if rows != now { Issue.record("the insertions \(insertions) do not explain the rows") }
  }

  private func tell(_ view: LogView, _ told: inout ViewModel, _ pair: inout LogPair) throws {
    let model = pair.model
    guard !model.entries.isEmpty else { return }
    let choice = pair.number(20)
    switch choice {
    case 0:
      view.expandAll()
      told = ViewModel(expandsByDefault: true, filter: told.filter)
    case 1:
      view.collapseAll()
      told = ViewModel(filter: told.filter)
    case 2:
      let depth = pair.number(5)
      try view.expandAll(toDepth: depth)
      told = ViewModel(depth: depth, filter: told.filter)
    case 3:
      told.filter = [nil, .info, .warning, .critical][pair.number(4)]
      try view.filter(told.filter)
    default:
      let nodes = model.entries.indices.filter { model.entries[$0].isNode }
      let id =
        nodes.isEmpty || pair.number(9) == 0
        ? pair.number(model.entries.count) : nodes[pair.number(nodes.count)]
      if choice < 7 {
        try reveal(view, id, &told, model)
      } else {
        try toggle(view, id, &told, model)
      }
    }
  }

  private func toggle(
    _ view: LogView, _ id: Int, _ told: inout ViewModel, _ model: OutlineModel
  ) throws {
    let sums = model.sums()
    let isShown = told.filter.map { sums[id].worst >= $0 } ?? true
    let before = told.rows(model).map(\.id)
    let change = try view.toggle(EntryID(UInt32(id)))
    if model.entries[id].isNode, isShown { told.toggled.formSymmetricDifference([id]) }
    var rows = before
    let now = told.rows(model).map(\.id)
    if let change, change.row + change.inserted <= now.count, change.row <= rows.count {
      rows.replaceSubrange(
        change.row..<change.row + change.removed,
        with: now[change.row..<change.row + change.inserted])
    }
    #expect(rows == now)
  }

  private func reveal(
    _ view: LogView, _ id: Int, _ told: inout ViewModel, _ model: OutlineModel
  ) throws {
    let sums = model.sums()
    let isShown = told.filter.map { sums[id].worst >= $0 } ?? true
    var rows = told.rows(model).map(\.id)
    let (row, change) = try view.reveal(EntryID(UInt32(id)))
    if isShown {
      var depth = 0
      var ancestors: [Int] = []
      var parent = model.entries[id].parent
      while let next = parent {
        ancestors.append(next)
        parent = model.entries[next].parent
      }
      for ancestor in ancestors.reversed() {
        if !told.isExpanded(ancestor, depth) { told.toggled.formSymmetricDifference([ancestor]) }
        depth += 1
      }
    }
    let now = told.rows(model).map(\.id)
    #expect(row == (isShown ? now.firstIndex(of: id) : nil))
    if let change, change.row + change.inserted <= now.count, change.row <= rows.count {
      rows.insert(contentsOf: now[change.row..<change.row + change.inserted], at: change.row)
    }
    #expect(rows == now)
  }
}
