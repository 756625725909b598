import Cairn
import CommandSupport

#if Parity
  import CairnParity
#endif

/// What a repository keeps to mend damage, if it keeps parity, and what a command does with it.
struct Parity {
  #if Parity
    private let target: ParityTarget

    /// - Returns: `nil` for a target without parity.
    init?(_ target: any Target) {
      guard let target = target as? ParityTarget else { return nil }
      self.target = target
    }

    /// The repository as it would be if all were mended that can be.
    var mended: any Target { target.mended }
  #else
    /// Without the trait there is no value of this type.
    private let target: Never

    init?(_ target: any Target) { return nil }

    var mended: any Target { switch target {} }
  #endif

  /// The target, with its parity if it keeps some.
  static func open(on target: any Target) async throws -> any Target {
    #if Parity
      return try await ParityTarget.open(on: target) ?? target
    #else
      if let settings = BlobName("parity/settings"), try await target.size(of: settings) != nil {
        printError(
          "the repository keeps parity, which this program was built without: what it stores has none "
            + "until \"backup parity\" is run; build it with \(command)")
      }
      return target
    #endif
  }

  /// Begins to keep parity, and makes what is missing.
  static func keep(on target: any Target) async throws -> Protection {
    #if Parity
      let target = try await ParityTarget.keepParity(on: target)
      let report = try await target.protect(progress: ProgressLine.reporter("making parity"))
      return Protection(
        protected: report.protected, parityBytes: report.parityBytes,
        protectedBefore: report.protectedBefore, damaged: report.damaged + report.unprotected,
        removed: report.removedSidecars)
    #else
      throw notBuilt
    #endif
  }

  /// Throws if this program was built without parity.
  static func requireBuilt() throws {
    #if !Parity
      throw notBuilt
    #endif
  }

  private static var notBuilt: Failure {
    Failure(
      "this program was built without parity; it needs ISA-L (libisal-dev) and is built with "
        + command)
  }

  private static let command = "\"swift build --package-path Examples --traits Parity\""

  struct Protection: Encodable {
    let protected: Int64
    let parityBytes: Int64
    let protectedBefore: Int64
    /// Those that have no parity, since they are damaged or too large.
    let damaged: [BlobName]
    let removed: Int64
  }

  // MARK: Damage

  /// What was or can be mended, and what cannot.
  struct Damage: Encodable {
    var mended: [BlobName] = []
    var mendable: [BlobName] = []
    var lost: [BlobName] = []
    /// Sidecars of these that were or can be written again.
    var sidecars: [BlobName] = []
    /// Blobs of which there is no parity.
    var unprotected: Int64 = 0

    /// Whether no blob is or was damaged.
    var isEmpty: Bool { mended.isEmpty && mendable.isEmpty && lost.isEmpty }
  }

  #if Parity
    /// Reads blobs and their parity, and mends them if that is wanted.
    ///
    /// - Parameter packs: false leaves out the packs, which are nearly everything.
    func scrub(packs: Bool, mending: Bool) async throws -> Damage {
      var damage = Damage()
      let progress = ProgressLine.reporter("scrubbing")
      for prefix in ParityTarget.repositoryPrefixes where packs || prefix != "packs/" {
        let report = try await target.scrub(prefix, mending: mending, progress: progress)
        for finding in report.findings { damage.add(finding) }
        damage.unprotected += report.unprotected
      }
      return damage
    }

    /// What parity can do about the blobs that a verification has named, done if that is wanted.
    func look(at report: VerifyReport, mending: Bool) async throws -> Damage {
      var damage = Damage()
      for name in Set(report.problems.compactMap { $0.blob.flatMap { BlobName($0) } }).sorted() {
        damage.add(mending ? try await target.mend(name) : try await target.examine(name))
      }
      return damage
    }
  #else
    func scrub(packs: Bool, mending: Bool) async throws -> Damage { switch target {} }
    func look(at report: VerifyReport, mending: Bool) async throws -> Damage { switch target {} }
  #endif
}

#if Parity
  extension Parity.Damage {
    fileprivate mutating func add(_ finding: ParityFinding) {
      switch finding.state {
      case .mended: mended.append(finding.blob)
      case .mendable: mendable.append(finding.blob)
      case .lost where finding.sidecar != .unprotected: lost.append(finding.blob)
      default: break
      }
      if [.mended, .mendable].contains(finding.sidecar) { sidecars.append(finding.blob) }
    }
  }
#endif

extension Parity.Damage {
  static func + (left: Self, right: Self) -> Self {
    var sum = left
    sum.mended += right.mended
    sum.mendable += right.mendable
    sum.lost += right.lost
    sum.sidecars += right.sidecars
    sum.unprotected += right.unprotected
    return sum
  }

  func describe(to output: Output) throws {
    for blob in mended { try output.writeLine("\(blob) was damaged and is mended by its parity") }
    for blob in mendable {
      try output.writeLine("\(blob) is damaged and can be mended by its parity")
    }
  }
}
