import CairnChunks

/// The sizes that are tried, in bytes, by the names that the command line has for them.
struct Settings {
  private(set) var layout = RepositoryLayout.standard
  private(set) var inlineLimit = 512

  /// - Parameter words: such as `block=65536`; what is not named is as by default.
  /// - Returns: `nil` if a word is not understood, or the sizes do not fit together.
  init?(_ words: some Sequence<String>) {
    let standard = RepositoryLayout.standard
    var sizes = [
      "fine": standard.chunker.fine.average, "coarse": standard.chunker.coarse.average,
      "length": Int(standard.chunker.fineLength), "block": standard.blockSize,
      "pack": standard.packSize, "node": standard.nodeSize, "inline": inlineLimit,
    ]
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let size = Int(parts[1]), size >= 0,
        sizes.updateValue(size, forKey: String(parts[0])) != nil
      else { return nil }
    }
    // As far from the average as by default.
    let fine = sizes["fine"]!
    let coarse = sizes["coarse"]!
    guard
      let fine = FastCDC.Sizes(minimum: fine / 4, average: fine, maximum: fine * 8),
      let coarse = FastCDC.Sizes(minimum: coarse / 4, average: coarse, maximum: coarse * 4),
      let layout = RepositoryLayout(
        chunker: FastCDC.Parameters(
          fine: fine, coarse: coarse, fineLength: UInt64(sizes["length"]!)),
        blockSize: sizes["block"]!, packSize: sizes["pack"]!, nodeSize: sizes["node"]!)
    else { return nil }
    self.layout = layout
    inlineLimit = sizes["inline"]!
  }
}
