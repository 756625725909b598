import CairnChunks
import CairnTestKit

/// Others in the same place.
extension TargetSubject {
  func checkOpenedAgain() async throws {
    guard let openAgain else { throw Skipped(reason: "nobody can open it a second time") }
    let (first, second) = (try name("first"), try name("second"))
    try await target.put(first, BlobSource([1, 2, 3]))
    let other = try await openAgain(target)
    try await expectBlob(first, [1, 2, 3], on: other)
    try await other.put(second, BlobSource([4]))
    try await expectBlob(second, [4])
    try await expectError([.conflict], "putting other bytes than another has put") {
      () async throws(ChunkStoreError) in try await target.put(second, BlobSource([5]))
    }
    guard options.canDelete else { return }
    try await other.delete(first)
    try await expectAbsent(first)
    try await expectListing([second])
    try await expectListing([second], on: other)
  }

  func checkStrangers() async throws {
    guard let strangers = options.strangers else {
      throw Skipped(reason: "nothing else can be put there")
    }
    let name = try name("ours")
    try await fill(name, [1, 2, 3])
    try await strangers.place(writer, folder)
    try await expectBlob(name, [1, 2, 3])
    try await expectListing([name])
    if !isReadOnly { try await target.put(try self.name("other"), BlobSource([4])) }
    if !isReadOnly, options.canDelete {
      try await target.delete(name)
      try await target.delete(try self.name("other"))
      try await expectListing([])
    }
    try expect(
      try await strangers.areThere(writer, folder), "what is not a blob was changed or removed")
  }
}
