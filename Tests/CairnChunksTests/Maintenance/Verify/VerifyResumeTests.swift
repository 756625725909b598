import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@testable import CairnChunks

/// Verifications that go on where one before ended.
@Suite struct VerifyResumeTests {
  private struct Stop: Error {}

  /// A repository of a dozen packs.
  private func makeRepository(on target: any Target) async throws -> Repository {
    let repository = try await Repository.createSmall(on: target)
    let session = try await repository.startSession(.test)
    let content = try await session.store(SeededRandom.bytes(700_000, seed: 601))
    _ = try await session.publish(name: "a", chunk: content.root)
    try await session.end()
    return repository
  }

  private func packs(on target: any Target) async throws -> [BlobName] {
    try await target.blobs(BlobFolder.packs).map(\.name)
  }

  private func options(_ depth: VerifyOptions.Depth, _ file: FilePath) -> VerifyOptions {
    VerifyOptions(depth, workerCount: 1, stateFile: file)
  }

  @Test func oneThatWasInterruptedGoesOn() async throws {
    try await withTemporaryDirectory { directory in
      let target = MemoryTarget()
      let repository = try await makeRepository(on: target)
      let file = directory.appending("state")
      let all = try await packs(on: target).count
      #expect(all > 10)
      let error = try await storeError {
        _ = try await repository.verify(
          options(.data, file),
          progress: ProgressClosure { progress in
            if progress.unit == "packs", progress.completed == 4 { throw Stop() }
          })
      }
      #expect(error.code == .cancelled)
      let report = try await repository.reopened().verify(options(.data, file))
      #expect(report.isSound)
      #expect(report.packsCheckedBefore == 4)
      #expect(report.checkedPacks == Int64(all - 4))
      // The round is over, and the next begins with the first pack.
      let next = try await repository.verify(options(.data, file))
      #expect(next.checkedPacks == Int64(all) && next.packsCheckedBefore == 0)
    }
  }

  @Test func aDamagedPackIsReadAndReportedEachTime() async throws {
    try await withTemporaryDirectory { directory in
      let target = MemoryTarget()
      let repository = try await makeRepository(on: target)
      let file = directory.appending("state")
      let all = try await packs(on: target)
      let bytes = try await target.get(all[1])
      target.remove(all[1])
      try target.store(all[1], BlobSource(Damage.flip(bytes.count * 4, of: bytes)))
      let stopped = try await storeError {
        _ = try await repository.verify(
          options(.data, file),
          progress: ProgressClosure { progress in
            if progress.unit == "packs", progress.completed == Int64(all.count) - 1 {
              throw Stop()
            }
          })
      }
      #expect(stopped.code == .cancelled)
      let report = try await repository.verify(options(.data, file))
      #expect(report.problems.map(\.blob) == [all[1].description])
      // Of the packs but one, all sound ones are known; which was left is up to the index.
      #expect((1...2).contains(report.checkedPacks))
    }
  }

  /// Samples have all packs in turn, whoever takes them.
  @Test(arguments: [false, true])
  func samplesCoverEverything(withKey: Bool) async throws {
    try await withTemporaryDirectory { directory in
      let target = MemoryTarget()
      let repository = try await makeRepository(on: target)
      let file = directory.appending("state")
      let all = Int64(try await packs(on: target).count)
      var checked: Int64 = 0
      for _ in 0..<4 {
        let options = options(.sample(percent: 25), file)
        let report =
          withKey
          ? try await repository.verify(options)
          : try await Repository.verifyNames(on: target, options)
        #expect(report.isSound)
        #expect(report.packsCheckedBefore == checked)
        checked += report.checkedPacks
      }
      #expect(checked == all)
      #expect((try? FileDescriptor.open(file, .readOnly)) == nil, "the round is over")
    }
  }

  @Test func aFileThatDoesNotFitIsRefused() async throws {
    try await withTemporaryDirectory { directory in
      let target = MemoryTarget()
      let repository = try await makeRepository(on: target)
      let file = directory.appending("state")
      let ledger = try VerifyLedger(file, of: repository.id, .contents)
      let pack = try #require(try await packs(on: target).first?.contentDigest)
      try ledger.insert(pack)
      try ledger.save()
      #expect(try VerifyLedger(file, of: repository.id, .contents).contains(pack))

      func refusal(
        _ repository: RepositoryID, _ check: VerifyLedger.Check = .contents
      ) -> ChunkStoreError.Code? {
        do throws(ChunkStoreError) {
          _ = try VerifyLedger(file, of: repository, check)
          return nil
        } catch {
          return error.code
        }
      }
      #expect(refusal(repository.id, .names) == .invalid)
      #expect(refusal(try RepositoryID.random()) == .invalid)
      let error = try await storeError {
        _ = try await Repository.verifyNames(on: target, options(.data, file))
      }
      #expect(error.code == .invalid)

      let text = try read(file)
      for bit in stride(from: 0, to: text.count * 8, by: 5) {
        try write(Damage.flip(bit, of: text), file)
        // The version is one digit of the first line.
        #expect(
          [.damaged, .newerFormat].contains(refusal(repository.id)), "bit \(bit)")
      }
      for length in 0..<text.count {
        try write(Array(text[..<length]), file)
        #expect(
          [.damaged, .newerFormat].contains(refusal(repository.id)), "\(length) bytes")
      }
      try write(Array("cairn verify 2\n".utf8), file)
      #expect(refusal(repository.id) == .newerFormat)

      let folder = try await storeError {
        _ = try await Repository.verifyNames(on: target, options(.data, directory))
      }
      #expect(folder.code == .host)
      #expect(folder.message.contains("\(directory) cannot take the notes of a verification"))
    }
  }

  private func read(_ path: FilePath) throws -> [UInt8] {
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    return try file.readAll(upTo: 1 << 20)
  }

  private func write(_ bytes: [UInt8], _ path: FilePath) throws {
    let file = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    try file.closeAfter { _ = try file.writeAll(bytes) }
  }
}
