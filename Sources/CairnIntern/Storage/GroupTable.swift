import SystemPackage

/// A ``GroupView`` that can be added to.
///
/// It knows numbers and hashes only: whoever adds makes room first, and puts everything in again
/// when the table has grown.
struct GroupTable: ~Copyable {
  private var memory = ReservedMemory()
  private(set) var view = GroupView.empty
  private(set) var count = 0

  /// The numbers that fit before the table must grow.
  var limit: Int { view.groupCount * GroupView.fullLoad }
  var byteCount: Int { memory.reserved }
  var isFull: Bool { count >= limit }

  static func groups(for room: Int) -> Int {
    (room + GroupView.fullLoad - 1) / GroupView.fullLoad
  }

  /// Replaces the table by an empty one with room for more.
  ///
  /// The old one goes after the new one is there, so that a failure changes nothing.
  ///
  /// - Parameter isExact: there are as many groups as `room` takes; otherwise the last page of memory
  ///   is used up too.
  mutating func replace(room: Int, isExact: Bool = false) throws(Errno) {
    let groups = Self.groups(for: room)
    let larger = try ReservedMemory(committing: groups * GroupView.groupSize)
    view = GroupView(
      base: UnsafeRawPointer(larger.base),
      groupCount: isExact ? groups : larger.reserved / GroupView.groupSize)
    memory = larger
    count = 0
  }

  /// Forgets all and keeps the memory.
  mutating func clear() {
    memory.base.initializeMemory(as: UInt8.self, repeating: 0, count: memory.reserved)
    count = 0
  }

  /// Forgets all and keeps nothing.
  mutating func removeAll() {
    memory = ReservedMemory()
    view = .empty
    count = 0
  }

  /// Adds a number that is not there.
  ///
  /// - Precondition: the table is not full.
  @inline(__always)
  mutating func insert(_ hash: UInt64, _ number: UInt32) {
    insert(hash, number, PlainAccess.self)
  }

  @inline(__always)
  mutating func insert<Access: GroupAccess>(
    _ hash: UInt64, _ number: UInt32, _ access: Access.Type
  ) {
    precondition(!isFull)
    let base = UnsafeMutableRawPointer(mutating: view.base)
    let tag = UInt64(Tags.tag(of: hash))
    var group = GroupView.home(of: hash, view.groupCount)
    count += 1
    while true {
      let start = base + group * GroupView.groupSize
      let high = Access.word(start + 8)
      let free = Tags.places(of: 0, Access.word(start), high).nonzeroBitCount
      if free > 0 {
        // A group fills from its first place on.
        let slot = GroupView.slotCount - free
        let word = start + (slot & 8)
        Access.set(start + GroupView.numbersOffset + slot * 4, number)
        Access.set(word, Access.word(word) | tag << UInt64((slot & 7) * 8))
        return
      }
      Access.set(start + 8, high | Tags.displaced(hash))
      group += 1
      if group == view.groupCount { group = 0 }
    }
  }

  /// Makes the table empty for whoever still looks into it, and gives its memory back.
  mutating func retire() {
    memory.discard()
  }
}
