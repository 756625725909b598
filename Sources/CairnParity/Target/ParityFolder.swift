#if Parity
  import CairnChunks

  /// Where parity is on a target, beside the blobs.
  enum ParityFolder {
    /// All of it.
    static let all = "parity/"
    /// Sidecars, under the names of their blobs.
    static let sidecars = "parity/of/"
    /// Mended blobs that are about to take their own names.
    static let spares = "parity/mended/"
    /// Says that a place keeps parity.
    static let settings = BlobName("parity/settings")!

    static func contains(_ name: BlobName) -> Bool { name.description.hasPrefix(all) }

    /// The last name that there can be in the folder.
    private static let last: BlobName = {
      let longestName = 200
      return BlobName(all + String(repeating: "z", count: longestName - all.utf8.count))!
    }()

    /// What is on a target besides, as ``Target/list(_:after:limit:)`` lists it.
    static func listOthers(
      _ target: any Target, _ prefix: String, after: BlobName?, limit: Int
    ) async throws(ChunkStoreError) -> [BlobInfo] {
      guard !prefix.hasPrefix(all) else { return [] }
      var found: [BlobInfo] = []
      var start = after
      while true {
        let wanted = limit - found.count
        let page = try await target.list(prefix, after: start, limit: wanted)
        found += page.filter { !contains($0.name) }
        guard page.count == wanted, found.count < limit, let end = page.last?.name else {
          return found
        }
        start = contains(end) ? last : end
      }
    }
  }
#endif
