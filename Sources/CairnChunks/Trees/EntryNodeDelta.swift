import CairnCore
import CairnCrypto

/// A node as its difference from another one of its level, the base, which is written out itself.
/// The data of its chunk:
///
///     1 byte   "D"
///     1 byte   the level
///     varint   the number of records of the node
///     until these are complete:
///       varint   how many records of the base come next
///       varint   how many of the base behind them are left out
///       varint   how many records come next that the base does not have
///       these records, as in a node that is written out
///
/// The links are the base, and those of the records that it does not have.
enum EntryNodeDelta {
  static let tag = UInt8(ascii: "D")

  static func isDelta(_ data: RawSpan) -> Bool {
    data.byteCount > 0 && data.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == tag
  }

  // MARK: Reading

  /// The node, written out.
  ///
  /// No larger than both together: what keys share with the one before can only become more.
  static func apply(
    _ delta: EntryNodeBytes, to base: EntryNodeBytes, level: Int
  ) throws(ChunkStoreError) -> EntryNodeBytes {
    var delta = try EntryRecordReader(delta, tag: tag, level: level, ownLinks: 1)
    var base = try EntryRecordReader(base, tag: EntryNode.tag, level: level)
    var baseLeft = try base.readNumber(upTo: base.node.data.count)
    var left = try delta.readNumber(upTo: delta.node.data.count + baseLeft)
    var data = BinaryWriter(reserving: delta.node.data.count + base.node.data.count)
    var links = BinaryWriter(reserving: delta.node.links.count + base.node.links.count)
    data.append(EntryNode.tag)
    data.append(UInt8(level))
    data.append(varint: left)
    var baseKey: [UInt8] = []
    var lastKey: [UInt8] = []
    // Whether the record that was written last is the one before the next of the base.
    var isInBase = true
    while left > 0 {
      let taken = try delta.readNumber(upTo: min(left, baseLeft))
      let dropped = try delta.readNumber(upTo: baseLeft - taken)
      let own = try delta.readNumber(upTo: left - taken)
      guard taken + dropped + own > 0 else { throw EntryNode.unsound("a delta that leads nowhere") }
      for _ in 0..<taken {
        try base.readRecord(after: &baseKey)
        if isInBase {
          data.append(base.node.data[base.record])
        } else {
          let shared = commonPrefix(lastKey, baseKey)
          data.append(varint: shared)
          data.append(counted: baseKey[shared...])
          data.append(base.node.data[base.body])
          isInBase = true
        }
        links.append(base.node.links[base.links])
      }
      if taken > 0 { lastKey = baseKey }
      for _ in 0..<dropped { try base.readRecord(after: &baseKey) }
      for _ in 0..<own {
        try delta.readRecord(after: &lastKey)
        data.append(delta.node.data[delta.record])
        links.append(delta.node.links[delta.links])
      }
      if dropped + own > 0 { isInBase = false }
      left -= taken + own
      baseLeft -= taken + dropped
    }
    guard delta.isAtEnd else { throw EntryNode.unsound("bytes behind the end of a delta") }
    return EntryNodeBytes(data: data.bytes, links: links.bytes)
  }

  // MARK: Writing

  /// What makes `node` of a base.
  ///
  /// - Parameters:
  ///   - node: written out, as is the base.
  ///   - id: the base's.
  /// - Returns: `nil` if the policy does not allow it, or it does not save three quarters.
  static func make(
    of node: EntryNodeBytes, from id: ChunkID, _ base: EntryNodeBytes, level: Int,
    _ policy: DeltaPolicy
  ) throws(ChunkStoreError) -> EntryNodeBytes? {
    var output = Output(limit: (node.data.count + node.links.count) / 4, level: level)
    var allowance = Allowance(policy)
    var new = try EntryRecordReader(node, tag: EntryNode.tag, level: level)
    var old = try EntryRecordReader(base, tag: EntryNode.tag, level: level)
    let count = try new.readNumber(upTo: node.data.count)
    var oldLeft = try old.readNumber(upTo: base.data.count)
    output.begin(count: count, base: id)
    var newKey: [UInt8] = []
    var oldKey: [UInt8] = []
    // Whether `old` stands at a record that was not dealt with.
    var hasOld = false
    for _ in 0..<count {
      try new.readRecord(after: &newKey)
      var order = -1
      while true {
        if !hasOld, oldLeft > 0 {
          try old.readRecord(after: &oldKey)
          oldLeft -= 1
          hasOld = true
        }
        order = hasOld ? compareBytes(newKey, oldKey) : -1
        guard order > 0 else { break }
        guard allowance.leaveOut(old) else { return nil }
        output.drop()
        hasOld = false
      }
      if order == 0 { hasOld = false }
      if order == 0, new.hasSameBody(as: old) {
        output.take()
        continue
      }
      if order == 0 {
        guard allowance.leaveOut(old) else { return nil }
        output.drop()
      }
      guard output.add(new) else { return nil }
    }
    if hasOld { guard allowance.leaveOut(old) else { return nil } }
    for _ in 0..<oldLeft {
      try old.readRecord(after: &oldKey)
      guard allowance.leaveOut(old) else { return nil }
    }
    return output.finish()
  }

  /// What may still be left out.
  private struct Allowance {
    private var weight: UInt64

    init(_ policy: DeltaPolicy) {
      switch policy {
      case .none: weight = 0
      case .leaves(let unreachableWeight): weight = unreachableWeight
      case .all: weight = .max
      }
      isUnlimited = policy == .all
    }

    private let isUnlimited: Bool

    mutating func leaveOut(_ record: EntryRecordReader) -> Bool {
      if isUnlimited || record.links.isEmpty { return true }
      guard record.weight <= weight else { return false }
      weight -= record.weight
      return true
    }
  }

  private struct Output {
    private let limit: Int
    private let level: Int
    private var data = BinaryWriter()
    private var links = BinaryWriter()
    private var taken = 0
    private var dropped = 0
    private var own = 0
    private var records = BinaryWriter()

    init(limit: Int, level: Int) {
      self.limit = limit
      self.level = level
    }

    mutating func begin(count: Int, base: ChunkID) {
      data.append(tag)
      data.append(UInt8(level))
      data.append(varint: count)
      base.digest.withBytes { links.append($0) }
    }

    mutating func take() {
      if dropped + own > 0 { endRun() }
      taken += 1
    }

    mutating func drop() {
      dropped += 1
    }

    /// - Returns: whether there is still something to be saved.
    mutating func add(_ record: EntryRecordReader) -> Bool {
      // It shares with the record before what it does here: that is the one before it in the node.
      records.append(record.node.data[record.record])
      links.append(record.node.links[record.links])
      own += 1
      return data.bytes.count + records.bytes.count + links.bytes.count <= limit
    }

    private mutating func endRun() {
      data.append(varint: taken)
      data.append(varint: dropped)
      data.append(varint: own)
      data.append(records.bytes)
      records.removeAll()
      (taken, dropped, own) = (0, 0, 0)
    }

    mutating func finish() -> EntryNodeBytes? {
      if taken + own > 0 { endRun() }
      guard data.bytes.count + links.bytes.count <= limit else { return nil }
      return EntryNodeBytes(data: data.bytes, links: links.bytes)
    }
  }
}

extension EntryRecordReader {
  /// Whether all but the keys is the same.
  fileprivate func hasSameBody(as other: EntryRecordReader) -> Bool {
    node.data[body] == other.node.data[other.body]
      && node.links[links] == other.node.links[other.links]
  }
}

private func commonPrefix(_ left: [UInt8], _ right: [UInt8]) -> Int {
  left.withUnsafeBytes { left in right.withUnsafeBytes { right in commonPrefix(left, right) } }
}

private func compareBytes(_ left: [UInt8], _ right: [UInt8]) -> Int {
  left.withUnsafeBytes { left in right.withUnsafeBytes { right in compareBytes(left, right) } }
}
