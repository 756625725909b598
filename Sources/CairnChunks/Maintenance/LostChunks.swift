import CairnCrypto

/// Tells which chunks can no longer be read, after a verification. Used by one thread.
///
/// Only what lies in a pack with a problem is read again: one damaged segment of a pack leaves its
/// other chunks as they were.
package final class LostChunks {
  private let reader: ChunkReader
  private let index: any ChunkIndex
  /// The numbers of the packs that have a problem.
  private let suspects: Set<Int>
  /// What is known of the chunks in these packs.
  private var known: [ChunkID: Bool] = [:]

  /// - Parameters:
  ///   - report: of a verification by `repository`, whose index is thus loaded.
  ///   - reader: reads the chunks.
  package init(
    _ report: VerifyReport, in repository: Repository, _ reader: ChunkReader
  ) throws(ChunkStoreError) {
    self.reader = reader
    index = repository.loadedIndex
    let blobs = Set(report.problems.compactMap(\.blob))
    var suspects: Set<Int> = []
    for number in 0..<index.packCount
    where blobs.contains(try index.pack(number).blob.description) {
      suspects.insert(number)
    }
    self.suspects = suspects
  }

  /// - Parameter repository: whose index knows exactly what can be read.
  package init(in repository: Repository, _ reader: ChunkReader) {
    self.reader = reader
    index = repository.loadedIndex
    suspects = []
  }

  package func contains(_ id: ChunkID) throws(ChunkStoreError) -> Bool {
    guard let place = try index.place(of: id) else { return true }
    guard suspects.contains(place.block.pack) else { return false }
    if let isLost = known[id] { return isLost }
    var isLost = false
    do throws(ChunkStoreError) {
      try reader.withChunk(id) { _ in }
    } catch {
      guard error.isAboutBlob else { throw error }
      isLost = true
    }
    known[id] = isLost
    return isLost
  }
}
