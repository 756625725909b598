import CairnChunks
import CairnCore

extension RestoredDirectory {
  /// Restores a file with holes where its content is lost, if ``RestoreOptions/restoresDamagedFiles``
  /// asks for it.
  ///
  /// - Returns: what is missing of it; `nil` if nothing was restored, because that is not wanted, or
  ///   nothing is missing, so that the failure is another one.
  func restoreReadable(
    _ entry: SnapshotEntry, _ stream: Content, _ name: [UInt8], _ reader: ContentReader
  ) -> IOError? {
    guard context.options.restoresDamagedFiles, stream.byteCount <= UInt64(Int64.max) else {
      return nil
    }
    var lost = LostRanges(of: stream.byteCount)
    do {
      let file = try createFile(name.span.bytes, for: entry.metadata)
      let descriptor = file.descriptor
      try reader.forEachReadableLeaf(of: stream) { (range, chunk) throws(ChunkStoreError) in
        guard let chunk else { return lost.append(range) }
        do throws(ChunkStoreError) {
          let leaf = ContentReader.Leaf(chunk: chunk, range: range)
          try reader.withBytes(of: leaf) { (bytes) throws(ChunkStoreError) in
            try descriptor.write(bytes, at: range.lowerBound) { entry.path }
          }
        } catch {
          guard error.isAboutBlob else { throw error }
          lost.append(range)
        }
      }
      guard !lost.isEmpty else { return nil }
      try file.setSize(Int64(stream.byteCount))
      try file.finish(entry.metadata)
    } catch {
      return nil
    }
    return IOError(
      .malformed, operation: "restore all of", subject: entry.path, detail: lost.description)
  }
}
