import CairnCore

/// A target whose operations are synchronous: they block on local I/O, or touch memory only.
///
/// The library calls them directly from its own threads; the `async` forms that ``Target`` asks for
/// come from here and run on threads kept for blocking calls.
public protocol LocalTarget: Target {
  /// Does what ``Target/put(_:_:)`` promises.
  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError)
  /// Does what ``Target/get(_:range:)`` promises.
  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8]
  /// Does what ``Target/size(of:)`` promises.
  func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64?
  /// Does what ``Target/list(_:after:limit:)`` promises.
  func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo]
  /// Does what ``Target/delete(_:)`` promises.
  func remove(_ name: BlobName) throws(ChunkStoreError)
}

/// Threads for calls of local targets, which end by themselves. They are not those of
/// `ThreadPool.blocking`: a job of that pool may wait for a target that passes the call on to a local
/// one, and when all its threads did, that call would get none.
let localCalls = ThreadPool(limit: 16)

extension LocalTarget {
  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try await localCalls.run { () throws(ChunkStoreError) -> Void in
      try store(name, source)
    }
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    try await localCalls.run { () throws(ChunkStoreError) -> [UInt8] in
      try load(name, range: range)
    }
  }

  public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await localCalls.run { () throws(ChunkStoreError) -> Int64? in
      try findSize(of: name)
    }
  }

  public func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await localCalls.run { () throws(ChunkStoreError) -> [BlobInfo] in
      try names(prefix, after: after, limit: limit)
    }
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await localCalls.run { () throws(ChunkStoreError) -> Void in
      try remove(name)
    }
  }
}

extension Target {
  /// ``get(_:range:)`` from one of the library's own threads.
  func getBlocking(
    _ name: BlobName, range: Range<Int64>?
  ) throws(ChunkStoreError) -> [UInt8] {
    if let local = self as? any LocalTarget { return try local.load(name, range: range) }
    return try waitForTask { () async throws(ChunkStoreError) -> [UInt8] in
      try await get(name, range: range)
    }
  }

  /// ``put(_:_:)`` from one of the library's own threads.
  func putBlocking(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    if let local = self as? any LocalTarget { return try local.store(name, source) }
    _ = try waitForTask { () async throws(ChunkStoreError) -> Bool in
      try await put(name, source)
      return true
    }
  }

  /// ``size(of:)`` from one of the library's own threads.
  func sizeBlocking(of name: BlobName) throws(ChunkStoreError) -> Int64? {
    if let local = self as? any LocalTarget { return try local.findSize(of: name) }
    return try waitForTask { () async throws(ChunkStoreError) -> Int64? in
      try await size(of: name)
    }
  }

  /// ``delete(_:)`` from one of the library's own threads.
  func deleteBlocking(_ name: BlobName) throws(ChunkStoreError) {
    if let local = self as? any LocalTarget { return try local.remove(name) }
    _ = try waitForTask { () async throws(ChunkStoreError) -> Bool in
      try await delete(name)
      return true
    }
  }
}
