import CairnCore
import CairnCrypto

/// What a change of keys did.
public struct KeyRotation: Sendable, Hashable, Codable {
  /// The epoch of the newest keys.
  public let epoch: Int
  /// Whether that epoch began now; it did not if an interrupted change was completed.
  public let isNew: Bool
  /// The ways in that have the newest keys.
  public let carriedOver: [BlobName]
  /// Ways in that no owner of this repository gave, as far as this one knows; they got nothing.
  public let leftOut: [BlobName]
  /// Ways in that were removed while this ran, and may have got the newest keys before: change the
  /// keys once more to shut them out.
  public let removedMeanwhile: [BlobName]
}

extension Repository {
  /// Changes the keys: begins an epoch with new ones, and gives these to every way in there is.
  ///
  /// Whoever opens the repository from now on seals and signs with the new keys. A way in that was
  /// removed before gets none, so it opens nothing that is written then. What was written before
  /// stays as it is until ``reseal(_:options:progress:)``, and whoever had the old keys can open that.
  /// The key that names chunks stays, for deduplication rests on it. <doc:ThreatModel> says what follows.
  ///
  /// Who opened the repository before, this object too, goes on with the old keys until he opens it
  /// again: he cannot read what others write with the new ones, and what he writes can be read with
  /// the old.
  ///
  /// If it fails or the process dies, everybody still has access, some with the old keys only; the
  /// next call by somebody who has opened the repository since gives them the new ones. Two owners
  /// may do it at once: then there are two epochs of one number, and everybody gets both.
  ///
  /// - Throws: ``ChunkStoreError/Code/notPermitted`` unless an owner asks;
  ///   ``ChunkStoreError/Code/invalid`` for a repository of the first format.
  public func rotateKeys() async throws(ChunkStoreError) -> KeyRotation {
    let owners = try owners()
    guard let ownWay = access.way, let ownKey = openedBy.contentDigest,
      let currentOwner = owners.last
    else {
      throw ChunkStoreError(
        .invalid,
        "\(target.name) was made by an older version, and its keys cannot be changed; make a new "
          + "repository")
    }
    let keys = try await target.blobs(BlobFolder.keys).map(\.name)
    let given = try await givenWays(keys)
    let isComplete = given.allSatisfy { lacking($0.accesses).isEmpty }

    var granting = zip(owners, keyring.accesses).map { (owner: $0, access: $1) }
    if isComplete {
      let next = try access.nextEpoch(currentOwner, way: ownWay)
      guard case .owner(let owner) = next.grant else { preconditionFailure("it was made for one") }
      // Our own way first: whoever can go on with an interrupted change must have the new keys.
      try await Self.put(next, by: owner, for: ownKey, on: target)
      granting = [(owner, next)]
    }
    for (name, accesses) in given {
      guard let digest = name.contentDigest, let known = accesses.last, let way = known.way else {
        continue
      }
      if isComplete, name == openedBy { continue }
      let held = Set(accesses.compactMap(\.authority))
      for (owner, access) in granting where !held.contains(where: { $0 == access.authority }) {
        if let granted = try access.granted(known.capability, by: owner, to: way) {
          try await Self.put(granted, by: owner, for: digest, on: target)
        }
      }
    }
    let left = Set(try await target.blobs(BlobFolder.keys).map(\.name))
    return KeyRotation(
      epoch: granting.last?.access.epoch ?? access.epoch, isNew: isComplete,
      carriedOver: given.map(\.name).filter { left.contains($0) },
      leftOut: keys.filter { key in !given.contains { $0.name == key } },
      removedMeanwhile: given.map(\.name).filter { !left.contains($0) })
  }

  /// Those of some ways in that an owner gave, and what each has got.
  private func givenWays(
    _ keys: [BlobName]
  ) async throws(ChunkStoreError) -> [(name: BlobName, accesses: [Access])] {
    var given: [(name: BlobName, accesses: [Access])] = []
    for key in keys {
      let accesses = try await accesses(of: key)
      if !accesses.isEmpty { given.append((key, accesses)) }
    }
    return given
  }

  /// Whether every way in has got the newest keys, so that a change begins an epoch.
  func hasCompleteEpoch() async throws(ChunkStoreError) -> Bool {
    let keys = try await target.blobs(BlobFolder.keys).map(\.name)
    return try await givenWays(keys).allSatisfy { lacking($0.accesses).isEmpty }
  }

  /// The epochs of this keyring that a way in has not got.
  private func lacking(_ accesses: [Access]) -> [Access] {
    keyring.accesses.filter { own in !accesses.contains { $0.authority == own.authority } }
  }
}
