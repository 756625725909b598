import CairnCrypto

/// The packs on a target beside those of an index.
struct PackComparison {
  /// The number of packs on the target.
  var count: Int64 = 0
  /// Those that the index describes, in the size that it says.
  var sound: Set<Digest> = []
  /// Those that it describes, by their numbers, and that are not there.
  var gone: [Int: PackInfo] = [:]
  /// Those that have another size than it says.
  var resized: [(pack: PackInfo, size: Int64)] = []
  /// Those that it does not describe.
  var undescribed: Set<Digest> = []
  /// Blobs among the packs that have no name of a pack.
  var misnamed: [BlobName] = []

  /// Reports what is wrong, whatever the roots need.
  ///
  /// - Parameter condemned: packs that nothing has to be known of.
  func report(_ condemned: Set<Digest>, _ report: inout VerifyReport) {
    report.packs = count
    report.condemnedPacks = 0
    for blob in misnamed { report.append(.damaged(blob, "its name is not that of a pack")) }
    for (pack, size) in resized {
      report.append(.damaged(pack.blob, "it has \(size) bytes instead of \(pack.size)"))
    }
    for digest in undescribed.sorted() {
      if condemned.contains(digest) {
        report.condemnedPacks += 1
      } else {
        report.append(
          .damaged(.pack(digest), "no index blob describes it, and its own table does not open"))
      }
    }
  }
}
