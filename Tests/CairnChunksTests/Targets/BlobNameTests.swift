import CairnCrypto
import Foundation
import Testing

@testable import CairnChunks

@Suite struct BlobNameTests {
  @Test(arguments: [
    "cairn", "a", "packs/ab/0123", "a-b_c.d/e", "roots/a..b", String(repeating: "x", count: 200),
  ])
  func plainNamesAreTaken(name: String) throws {
    let blob = try #require(BlobName(name))
    #expect(blob.description == name)
    let coded = try JSONEncoder().encode(blob)
    #expect(try JSONDecoder().decode(BlobName.self, from: coded) == blob)
  }

  @Test(arguments: [
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.b", ".tmp", "A", "a b", "a\nb",
    "a\0b", "é", "a\\b", "a:b", "a*b", String(repeating: "x", count: 201),
  ])
  func oddNamesAreRefused(name: String) throws {
    #expect(BlobName(name) == nil)
    let coded = try JSONEncoder().encode(name)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(BlobName.self, from: coded) }
  }

  @Test func theOrderIsThatOfTheBytes() {
    let names = ["a", "a-b", "a.b", "a/b", "a0", "a_b", "aa", "b"].map { BlobName($0)! }
    #expect(names.shuffled().sorted() == names)
  }

  @Test func theDigestOfAContentNameIsFound() {
    let digest = SHA256.hash(of: ([1, 2, 3] as [UInt8]).span.bytes)
    for name in [
      BlobName.pack(digest), .index(digest), .root(digest), .key(label: "owner", digest),
    ] {
      #expect(name.contentDigest == digest)
      #expect(BlobName(name.description) == name)
    }
    #expect(BlobName.descriptor.contentDigest == nil)
    #expect(BlobName.pack(digest).description.hasPrefix("packs/\(digest.description.prefix(2))/"))
  }
}
