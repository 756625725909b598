import CairnCore
import CairnIntern

/// What is known of refs by their names: what the stream made of them, and what was published.
///
/// Memory for each: the text of the name, 12 bytes at most to find it, and 20 at most beside it.
struct BranchTable: ~Copyable {
  /// What the stream made of a branch.
  struct Branch {
    /// The number of its commit; `nil` while it has none.
    var commit: UInt32?
    /// How many notes its tree has, as far as it is known.
    var noteCount = 0
    /// Whether the stream asked for its deletion.
    var isDeleted = false
  }

  private struct Record {
    var commit = UInt32.max
    var published = UInt32.max
    var noteCount: UInt32 = 0
    var isBranch = false
    var isDeleted = false

    var branch: Branch? {
      guard isBranch else { return nil }
      return Branch(
        commit: commit == .max ? nil : commit, noteCount: Int(noteCount), isDeleted: isDeleted)
    }
  }

  private enum Name {}
  private var names: StringArena<Name>
  /// By the numbers of the names.
  private var records: [Record] = []
  /// The number of branches.
  private(set) var count = 0

  init() throws {
    names = try StringArena(ArenaOptions(isNumbered: true))
  }

  /// The bytes of memory for what is in the table.
  var byteCount: Int {
    let memory = names.memory
    return memory.text + memory.heads + memory.table
      + records.capacity * MemoryLayout<Record>.stride
  }

  private func number(of name: some Sequence<UInt8>) -> Int? {
    let name = Array(name)
    guard let symbol = names.symbol(for: name.span.bytes) else { return nil }
    return names.number(of: symbol)
  }

  private mutating func addedNumber(of name: [UInt8]) throws -> Int {
    let number = names.number(of: try names.intern(name))
    if number == records.count {
      // By a quarter: doubling would leave as much unused as is used.
      if number == records.capacity { records.reserveCapacity(number + number / 4 + 16) }
      records.append(Record())
    }
    return number
  }

  /// - Returns: `nil` if the stream has no such branch so far.
  func branch(_ name: some Sequence<UInt8>) -> Branch? {
    guard let number = number(of: name) else { return nil }
    return records[number].branch
  }

  /// Changes a branch, which is added if it is not there.
  mutating func update(_ name: [UInt8], _ body: (inout Branch) -> Void) throws {
    let number = try addedNumber(of: name)
    var branch = records[number].branch ?? Branch()
    body(&branch)
    if !records[number].isBranch { count += 1 }
    records[number].isBranch = true
    records[number].commit = branch.commit ?? .max
    records[number].noteCount = UInt32(clamping: branch.noteCount)
    records[number].isDeleted = branch.isDeleted
  }

  /// The object that a ref led to when the import began, or at the last checkpoint.
  func published(_ name: some Sequence<UInt8>) -> UInt32? {
    guard let number = number(of: name), records[number].published != .max else { return nil }
    return records[number].published
  }

  /// All refs that were published.
  var published: [[UInt8]: UInt32] {
    var refs: [[UInt8]: UInt32] = [:]
    forEach { name, record in
      if record.published != .max { refs[name] = record.published }
    }
    return refs
  }

  mutating func setPublished(_ refs: [[UInt8]: UInt32]) throws {
    for number in records.indices { records[number].published = .max }
    for (name, object) in refs {
      let number = try addedNumber(of: name)
      records[number].published = object
    }
  }

  /// The branches in the order of their names.
  func sorted() -> [(name: [UInt8], branch: Branch)] {
    var branches: [(name: [UInt8], branch: Branch)] = []
    forEach { name, record in
      if let branch = record.branch { branches.append((name, branch)) }
    }
    return branches.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  private func forEach(_ body: ([UInt8], Record) -> Void) {
    let records = records
    var number = 0
    names.forEach { _, name in
      body(Array(name), records[number])
      number += 1
    }
  }
}
