import CairnCore

/// Chunks that were stored or read lately, within a budget: the nodes that editors of trees come
/// back to, whether or not they are in a pack already.
///
/// Used by one thread at a time.
final class RecentChunks {
  // Two generations stand for the order of use: what is asked for moves to the younger, and when
  // that has half the budget, the older is let go of.
  private var young: [ChunkID: [UInt8]] = [:]
  private var old: [ChunkID: [UInt8]] = [:]
  private var youngBytes = 0
  private let budget: Int

  /// What a chunk takes beside its bytes: an array's header, and its place in a half-full table.
  private static let overhead = 32 + 2 * (ChunkID.byteCount + 8)

  /// - Parameter budget: the bytes that the chunks may take.
  init(budget: Int) {
    self.budget = budget
  }

  /// The chunk as a ``ChunkRecord``.
  func record(of id: ChunkID) -> [UInt8]? {
    if let record = young[id] { return record }
    guard let record = old.removeValue(forKey: id) else { return nil }
    insert(id, record)
    return record
  }

  func insert(_ id: ChunkID, links: UnsafeRawBufferPointer, data: UnsafeRawBufferPointer) {
    guard young[id] == nil, data.count + links.count <= budget / 16 else { return }
    var writer = BinaryWriter(reserving: links.count + data.count + 8)
    writer.append(varint: links.count / ChunkID.byteCount)
    writer.append(varint: data.count)
    writer.append(links)
    writer.append(data)
    insert(id, writer.bytes)
  }

  func insert(_ id: ChunkID, _ record: borrowing ChunkRecord) {
    record.linkBytes.withUnsafeBytes { links in
      record.data.withUnsafeBytes { data in insert(id, links: links, data: data) }
    }
  }

  private func insert(_ id: ChunkID, _ record: [UInt8]) {
    if youngBytes > budget / 2 {
      old = young
      young = [:]
      youngBytes = 0
    }
    young[id] = record
    youngBytes += record.count + Self.overhead
  }
}
