import CairnChunks
import CairnCore
import CairnCrypto

/// Tells whether all that an entry's content needs is still in the repository, without reading data.
struct ContentCheck {
  let index: any ChunkIndex
  /// `nil` for whoever may not read.
  let reader: ContentReader?

  /// - Parameters:
  ///   - value: an entry's value.
  ///   - links: its links, 32 bytes each.
  func isWhole(
    value: UnsafeRawBufferPointer, links: UnsafeRawBufferPointer
  ) throws(ChunkStoreError) -> Bool {
    guard links.count == ChunkID.byteCount else { return links.isEmpty }
    let root = ChunkID(Digest(bytes: links))
    guard try index.place(of: root) != nil else { return false }
    guard let content = FileContentCoding.stream(at: value, root: root) else { return false }
    // Whoever may not read has to believe that what a node leads to is there if the node is.
    guard content.height > 0, let reader else { return true }
    var isWhole = true
    do throws(ChunkStoreError) {
      try reader.forEachLeaf(of: content, in: 0..<content.byteCount) {
        (leaf) throws(ChunkStoreError) in
        if isWhole, let chunk = leaf.chunk { isWhole = try index.place(of: chunk) != nil }
      }
    } catch {
      guard error.isAboutBlob else { throw error }
      return false
    }
    return isWhole
  }
}
