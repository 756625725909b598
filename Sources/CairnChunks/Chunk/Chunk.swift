/// The unit of storage: the ids of the chunks that it refers to, then bytes.
///
/// Verification, copying and collection follow ``links`` and know nothing else, so a host can
/// define objects of its own and they are kept, checked and collected like the library's.
public struct Chunk: Hashable, Sendable {
  /// The chunks that this one needs, in an order that means something to whoever wrote it.
  public var links: [ChunkID]
  /// The bytes, of whatever meaning.
  public var data: [UInt8]

  public init(links: [ChunkID] = [], data: [UInt8]) {
    self.links = links
    self.data = data
  }

  /// The most bytes that a chunk may take, links included: 16 MiB.
  ///
  /// A bound that lets a reader refuse a damaged length before it allocates.
  public static let maximumSize = 16 << 20
}
