public import CairnChunks
import CairnCore
import CairnTestKit
import Synchronization
import SystemPackage

/// Another target, some calls of which fail: by a rule of yours, or by a seed.
///
/// What a program makes of it is the same in each run, if it makes its calls in the same order.
public final class FaultyTarget: TargetDecorator {
  public typealias Rule = @Sendable (TargetCall) -> TargetFault?

  private struct State {
    var rule: Rule
    var calls: [TargetCall] = []
    var faults: [TargetCall] = []
  }

  public let base: any Target
  private let state: Mutex<State>

  /// - Parameter rule: chooses what goes wrong with a call, if anything. It is called for one call at
  ///   a time.
  public init(_ base: any Target, rule: @escaping Rule) {
    self.base = base
    state = Mutex(State(rule: rule))
  }

  /// Fails calls at random, the same ones for the same seed.
  ///
  /// - Parameters:
  ///   - rate: the part of calls that fail, from 0 to 1.
  ///   - faults: what goes wrong with them, one as often as another. By default, what a network does.
  public convenience init(
    _ base: any Target, seed: UInt64, rate: Double,
    faults: [TargetFault] = [.init(.before), .init(.during), .init(.after)]
  ) {
    self.init(base) { call in
      // Of the number alone, so that calls may come in any order.
      var random = RepeatableRandom(seed &+ UInt64(call.number) &* 0x9E37_79B9)
      guard Double.random(in: 0..<1, using: &random) < rate else { return nil }
      return faults.randomElement(using: &random)
    }
  }

  /// The calls so far.
  public var calls: [TargetCall] { state.withLock { $0.calls } }
  /// Those with which something went wrong.
  public var faults: [TargetCall] { state.withLock { $0.faults } }

  /// Calls are judged by another rule from now on.
  public func setRule(_ rule: @escaping Rule) {
    state.withLock { $0.rule = rule }
  }

  private func fault(
    _ kind: TargetCall.Kind, blob: BlobName? = nil, prefix: String? = nil
  ) -> TargetFault? {
    state.withLock { state in
      let call = TargetCall(
        kind: kind, blob: blob, prefix: prefix, number: state.calls.count,
        numberOfKind: state.calls.count { $0.kind == kind })
      state.calls.append(call)
      let fault = state.rule(call)
      if fault != nil { state.faults.append(call) }
      return fault
    }
  }

  private func error(
    _ fault: TargetFault, _ what: String, _ blob: BlobName? = nil
  ) -> ChunkStoreError {
    ChunkStoreError(
      fault.code, "\(name) was made to fail: \(what)", blob: blob, retryAfter: fault.retryAfter)
  }

  /// Makes a call that changes nothing when it is repeated.
  private func call<Result>(
    _ fault: TargetFault?, _ what: String, _ blob: BlobName? = nil,
    _ body: () async throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    guard let fault else { return try await body() }
    if fault.moment == .after { _ = try await body() }
    throw error(fault, what, blob)
  }

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    guard let fault = fault(.put, blob: name) else { return try await base.put(name, source) }
    let what = "put \(name)"
    let half = source.byteCount / 2
    switch fault.moment {
    case .before: break
    case .during:
      let broken = BlobSource(byteCount: source.byteCount) { (range) throws(IOError) in
        guard range.upperBound <= half else {
          throw IOError(.systemCall, operation: "read", subject: "a source", errno: .ioError)
        }
        return try source.read(range)
      }
      do throws(ChunkStoreError) { try await base.put(name, broken) } catch {}
    case .after: try await base.put(name, source)
    case .torn:
      let torn = BlobSource(byteCount: half) { (range) throws(IOError) in try source.read(range) }
      try await base.put(name, torn)
    }
    throw error(fault, what, name)
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    let fault = fault(.get, blob: name)
    if fault?.moment == .torn {
      let bytes = try await base.get(name, range: range)
      return Array(bytes.prefix(bytes.count / 2))
    }
    return try await call(fault, "get \(name)", name) { () async throws(ChunkStoreError) in
      try await base.get(name, range: range)
    }
  }

  public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await call(fault(.size, blob: name), "size of \(name)", name) {
      () async throws(ChunkStoreError) in try await base.size(of: name)
    }
  }

  public func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    let fault = fault(.list, prefix: prefix)
    if fault?.moment == .torn {
      let blobs = try await base.list(prefix, after: after, limit: limit)
      return Array(blobs.prefix(blobs.count / 2))
    }
    return try await call(fault, "list \(prefix)") { () async throws(ChunkStoreError) in
      try await base.list(prefix, after: after, limit: limit)
    }
  }

  /// Page by page, so that each page is a call.
  public func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    try await forEachListedBlob(prefix, body)
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await call(fault(.delete, blob: name), "delete \(name)", name) {
      () async throws(ChunkStoreError) in try await base.delete(name)
    }
  }
}
