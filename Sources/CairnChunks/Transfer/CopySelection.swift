import CairnCrypto

/// Which roots are to be copied, and which were copied before.
struct CopySelection: Sendable {
  /// A root of the source, and its copy in the destination.
  struct Pair: Sendable {
    let root: Root
    let copy: Root
  }

  /// The oldest first.
  var wanted: [Root] = []
  var present: [Digest] = []
  /// Copies that tell much of what the wanted roots lead to.
  var pairs: [Pair] = []

  init(
    of roots: [Root], from source: Repository, to destination: Repository
  ) async throws(ChunkStoreError) {
    let copies = try await Self.copies(in: destination)
    var seen: Set<Digest> = []
    for root in roots.sorted(by: { ($0.time, $0.id) < ($1.time, $1.id) })
    where seen.insert(root.id).inserted {
      if copies[root.origin(foundIn: source.id)] != nil {
        present.append(root.id)
      } else {
        wanted.append(root)
      }
    }
    guard !wanted.isEmpty, !copies.isEmpty, source.access.idKey != destination.access.idKey,
      destination.capability != .writer
    else { return }
    // A root that cannot be read is of no help here.
    let known = try await source.roots { _ in }.compactMap { root in
      copies[root.origin(foundIn: source.id)].map { Pair(root: root, copy: $0) }
    }
    var chosen: Set<Digest> = []
    for root in wanted {
      func distance(_ pair: Pair) -> UInt64 {
        let (difference, overflow) = pair.root.time.subtractingReportingOverflow(root.time)
        return overflow ? .max : difference.magnitude
      }
      let namesakes = known.filter { $0.root.name == root.name }
      let candidates = namesakes.isEmpty ? known : namesakes
      guard let nearest = candidates.min(by: { distance($0) < distance($1) }),
        chosen.insert(nearest.root.id).inserted
      else { continue }
      pairs.append(nearest)
    }
  }

  /// The roots of a repository by where they were published first.
  ///
  /// Of roots that say they are copies, those of owners are believed: a writer, or whoever stole his key,
  /// could make others miss a root, or take other data for what they copied.
  private static func copies(
    in repository: Repository
  ) async throws(ChunkStoreError) -> [RootOrigin: Root] {
    var copies: [RootOrigin: Root] = [:]
    for root in try await repository.roots(onDamage: { _ in }) {
      if root.origin != nil, repository.capability != .writer,
        try await !repository.isPublishedByOwner(root)
      {
        continue
      }
      copies[root.origin(foundIn: repository.id)] = root
    }
    return copies
  }
}

extension Repository {
  fileprivate func isPublishedByOwner(_ root: Root) async throws(ChunkStoreError) -> Bool {
    let blob = BlobName.root(root.id)
    // An owner has sealed a writer's root anew: where that was he says himself, the rest the writer said.
    if root.fields[Root.publisherField] != nil { return root.origin?.repository == id }
    do throws(ChunkStoreError) {
      return try keyring.open(.root, await target.getNamedByContent(blob), of: blob).isOwner
    } catch {
      // Forgotten meanwhile.
      guard error.code == .missing else { throw error }
      return false
    }
  }
}
