import CairnCore
import CairnCrypto

@testable import CairnChunks

/// A repository reduced to what collection is about: packs are sets of chunks, chunks have links,
/// roots name a chunk. Nothing here is ever read half-way; what is simulated is the order of things.
struct SimulatedTarget {
  /// The packs that are there.
  private(set) var packs: Set<Digest> = []
  /// How many of them hold each chunk.
  private var holders: [ChunkID: Int] = [:]
  /// What each pack holds, or held: who has seen its table remembers it.
  var contents: [Digest: Set<ChunkID>] = [:]
  var roots: [Digest: RootReference] = [:]
  var announcements: Set<Announcement> = []
  /// What each chunk ever stored links to.
  var links = SimulatedTarget.contentLinks
  /// The roots whose publication succeeded, and which nobody forgot.
  var committed: Set<Digest> = []
  /// What is reached from the chunk of each root that was checked.
  private var needs: [ChunkID: Set<ChunkID>] = [:]
  var events = ScheduleEvents()
  private var lastNumber: UInt64 = 0

  /// A name that was never given out.
  mutating func newDigest() -> Digest {
    lastNumber += 1
    // Spread over the words, as the bytes of a hash are.
    let word = lastNumber &* 0x9E37_79B9_7F4A_7C15
    return Digest(bytes: [word, lastNumber, 0, 0].span.bytes)
  }

  mutating func newName() -> [UInt8] {
    lastNumber += 1
    return withUnsafeBytes(of: lastNumber.bigEndian) { Array($0) }
  }

  var sessions: SessionTable {
    var table: SessionTable = [:]
    for announcement in announcements {
      if let session = announcement.session {
        table[session, default: SessionState()].note(announcement)
      }
    }
    return table
  }

  var condemned: [GenerationID: Set<Digest>] {
    var generations: [GenerationID: Set<Digest>] = [:]
    for case .condemned(let generation, let packs) in announcements {
      generations[generation] = Set(packs)
    }
    return generations
  }

  /// Every chunk that is reached from `chunks`.
  func reached(from chunks: Set<ChunkID>) -> Set<ChunkID> {
    var reached = chunks
    var pending = Array(chunks)
    while let chunk = pending.popLast() {
      for link in links[chunk] ?? [] where reached.insert(link).inserted { pending.append(link) }
    }
    return reached
  }

  /// Which condemned packs are needed: each chunk that is alive, and in no pack that stays, keeps one
  /// that nobody else may delete, or all that it has.
  func needed(_ marking: Marking) -> Set<Digest> {
    var missing = reached(from: marking.chunks.union(marking.bases))
    let staying = marking.present.subtracting(marking.condemned)
    for pack in staying.subtracting(marking.condemnedByOthers) {
      missing.subtract(contents[pack] ?? [])
    }
    var needed: Set<Digest> = []
    let candidates = marking.condemned.intersection(marking.present)
    let own = candidates.subtracting(marking.condemnedByOthers)
    for pack in own.sorted() where contents[pack]?.isDisjoint(with: missing) == false {
      missing.subtract(contents[pack] ?? [])
      needed.insert(pack)
    }
    for pack in candidates.subtracting(own)
    where contents[pack]?.isDisjoint(with: missing) == false {
      needed.insert(pack)
    }
    return needed
  }

  mutating func putPack(of chunks: Set<ChunkID>) {
    let pack = newDigest()
    packs.insert(pack)
    contents[pack] = chunks
    for chunk in chunks { holders[chunk, default: 0] += 1 }
  }

  mutating func deletePack(_ pack: Digest) {
    guard packs.remove(pack) != nil else { return }
    events.deletedPacks += 1
    for chunk in contents[pack] ?? [] { holders[chunk, default: 0] -= 1 }
  }

  /// The chunks that some of these packs hold.
  func chunks(in packs: Set<Digest>) -> Set<ChunkID> {
    packs.reduce(into: []) { $0.formUnion(contents[$1] ?? []) }
  }

  /// The chunks of the roots that count.
  var rootChunks: Set<ChunkID> {
    let sessions = sessions
    return Set(roots.values.filter { sessions[$0.session]?.counts($0.id) != false }.map(\.chunk))
  }

  /// Changes with whatever may make something wrong.
  struct Shape: Equatable {
    let packs: Int
    let roots: Int
    let announcements: Int
    let committed: Int
  }

  var shape: Shape {
    Shape(
      packs: packs.count, roots: roots.count, announcements: announcements.count,
      committed: committed.count)
  }

  /// What is wrong: a root that counts and is not complete, or a commit that does not count.
  ///
  /// - Parameter countsAll: as a reader does that passes over nothing.
  mutating func loss(countingAll countsAll: Bool) -> String? {
    let sessions = sessions
    for id in committed.sorted() {
      guard let root = roots[id], sessions[root.session]?.counts(id) != false else {
        return "a commit is passed over"
      }
    }
    for root in roots.values
    where countsAll || sessions[root.session]?.counts(root.id) != false {
      let needed = needs[root.chunk] ?? reached(from: [root.chunk])
      needs[root.chunk] = needed
      if needed.contains(where: { holders[$0, default: 0] == 0 }) {
        return "a root that counts\(committed.contains(root.id) ? ", a commit," : "") lost a chunk"
      }
    }
    return nil
  }
}

extension Announcement {
  var session: SessionID? {
    switch self {
    case .begun(let session), .heeded(let session, _), .based(let session, _),
      .ended(let session), .revoked(let session), .closed(let session, _):
      session
    case .condemned: nil
    }
  }
}
