import CairnCore
import CairnCrypto

/// What differs between what was seen last of a repository and what it shows now.
public struct SeenChanges: Sendable {
  /// What there is now, but for what is not there any more: that stays in the record, so that it is
  /// named until ``accepted`` is kept instead.
  public let record: SeenRecord
  /// What there is now.
  public let accepted: SeenRecord
  /// What somebody should look at, in the order of their kinds.
  public let findings: [Finding]

  /// Something that was there and is not, or should not be there.
  public struct Finding: Sendable, Hashable, Codable {
    /// What it is.
    public enum Kind: String, Sendable, Hashable, Codable {
      /// A root that was seen is not there.
      case rootGone
      /// A root was added, published with keys that had been replaced when the repository was seen
      /// last: by somebody who has not opened it since, or by somebody who was shut out.
      case rootOfOldKeys
      /// The newest keys that were seen are not there: an older state is shown.
      case keysRolledBack
      /// The keys were changed.
      case keysChanged
      /// A way in was added.
      case wayAdded
      /// A way in that was seen is not there.
      case wayGone
    }
    public let kind: Kind
    public let blob: BlobName?
    public let message: String
  }
}

extension Repository {
  /// Compares what there is with what was seen last.
  ///
  /// It cannot tell an operator who removes a root from an owner on another machine who forgets one,
  /// and says so: what it names is a question to those who may. A root that cannot be opened is not
  /// gone; ``verify(_:progress:)`` names it.
  ///
  /// - Parameter record: `nil` if nothing was seen yet; nothing is found then.
  /// - Throws: ``ChunkStoreError/Code/damaged`` if the record is that of another repository.
  public func changes(since record: SeenRecord?) async throws(ChunkStoreError) -> SeenChanges {
    if let record, record.repository != id || record.fingerprint != fingerprint {
      throw ChunkStoreError(
        .damaged,
        "\(target.name) is not the repository that was here before; somebody has replaced it: do not "
          + "use this place, and compare it with a copy", blob: .descriptor)
    }
    var now = SeenRecord(
      repository: id, fingerprint: fingerprint, roots: [:], keys: [], epoch: access.epoch)
    now.keys = Set(try await target.blobs(BlobFolder.keys).map(\.name))
    for blob in try await target.blobs(BlobFolder.roots) {
      guard let digest = blob.name.contentDigest else { continue }
      // What was read once and has its name is not opened again; a change shows in `verify`.
      if let seen = record?.roots[digest] {
        now.roots[digest] = seen
        continue
      }
      do throws(ChunkStoreError) {
        let (root, epoch) = try await readRootAndEpoch(blob.name)
        now.roots[digest] = SeenRecord.SeenRoot(name: root.name, time: root.time, epoch: epoch)
      } catch {
        guard error.isAboutBlob || error.code == .notPermitted else { throw error }
      }
    }
    guard let record else { return SeenChanges(record: now, accepted: now, findings: []) }
    var kept = now
    kept.roots.merge(record.roots) { now, _ in now }
    kept.keys.formUnion(record.keys)
    kept.epoch = max(now.epoch, record.epoch)
    return SeenChanges(record: kept, accepted: now, findings: now.findings(comparedWith: record))
  }
}

extension RepositoryWriter {
  /// Compares what there is with what was seen last, as far as a writer sees it: the roots that it
  /// published itself, the ways in and the epoch of keys. See ``Repository/changes(since:)``.
  public func changes(since record: SeenRecord?) async throws(ChunkStoreError) -> SeenChanges {
    try await repository.changes(since: record)
  }
}

extension SeenRecord {
  fileprivate func findings(comparedWith last: SeenRecord) -> [SeenChanges.Finding] {
    var findings: [SeenChanges.Finding] = []
    func add(_ kind: SeenChanges.Finding.Kind, _ blob: BlobName?, _ message: String) {
      findings.append(SeenChanges.Finding(kind: kind, blob: blob, message: message))
    }
    for (id, root) in last.roots.sorted(by: { ($0.value.time, $0.key) < ($1.value.time, $1.key) })
    where roots[id] == nil {
      add(
        .rootGone, .root(id),
        "the root \(id) (\(root.name)) was there and is not any more: if nobody of yours forgot it, "
          + "the target has lost or withheld it")
    }
    for (id, root) in roots.sorted(by: { ($0.value.time, $0.key) < ($1.value.time, $1.key) })
    where last.roots[id] == nil && root.epoch < last.epoch {
      add(
        .rootOfOldKeys, .root(id),
        "the root \(id) (\(root.name)) is new and was published with keys of epoch \(root.epoch), "
          + "which had been replaced: by a program that still runs, or by somebody who was shut out"
      )
    }
    if epoch < last.epoch {
      add(
        .keysRolledBack, nil,
        "the newest keys are of epoch \(epoch), and those of epoch \(last.epoch) were there: an "
          + "older state of the repository is shown")
    } else if epoch > last.epoch {
      add(
        .keysChanged, nil,
        "the keys were changed, from epoch \(last.epoch) to \(epoch): if nobody of yours did, "
          + "somebody who knew the old ones has")
    }
    for key in keys.subtracting(last.keys).sorted() {
      add(.wayAdded, key, "the way in \(key) was added: was that one of you?")
    }
    for key in last.keys.subtracting(keys).sorted() {
      add(.wayGone, key, "the way in \(key) was removed: was that one of you?")
    }
    return findings
  }
}
