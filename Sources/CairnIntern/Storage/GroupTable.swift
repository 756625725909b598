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
    precondition(!isFull)
    let base = UnsafeMutableRawPointer(mutating: view.base)
    var group = GroupView.home(of: hash, view.groupCount)
    while true {
      let start = base + group * GroupView.groupSize
      if let slot = GroupTable.freeSlot(start) {
        start.storeBytes(of: Tags.tag(of: hash), toByteOffset: slot, as: UInt8.self)
        start.storeBytes(
          of: number, toByteOffset: GroupView.numbersOffset + slot * 4, as: UInt32.self)
        count += 1
        return
      }
      let high = start.load(fromByteOffset: 8, as: UInt64.self) | Tags.displaced(hash)
      start.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
      group += 1
      if group == view.groupCount { group = 0 }
    }
  }

  @inline(__always)
  private static func freeSlot(_ start: UnsafeMutableRawPointer) -> Int? {
    var free = Tags.zeroBytes(start.load(as: UInt64.self))
    if free != 0 { return Tags.firstByte(free) }
    free = Tags.zeroBytes(start.load(fromByteOffset: 8, as: UInt64.self)) & Tags.tagsOfHigh
    return free == 0 ? nil : 8 + Tags.firstByte(free)
  }
}
