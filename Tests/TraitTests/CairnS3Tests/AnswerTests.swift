import Testing

@testable import CairnS3

@Suite struct AnswerTests {
  @Test func aListingIsRead() throws {
    let answer = try #require(
      ListAnswer(
        Array(
          """
          \u{20}
          <?xml version="1.0" encoding="UTF-8"?>
          <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>
          <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
          <NextContinuationToken>a&amp;b</NextContinuationToken>
          <Contents><Key>packs/a+b%2Fc</Key><Size>17</Size><ETag>"x"</ETag></Contents>
          <CommonPrefixes><Prefix>packs/00/</Prefix></CommonPrefixes></ListBucketResult>
          """.utf8)))
    #expect(answer.blobs.map(\.key) == ["packs/a b/c"])
    #expect(answer.blobs.map(\.size) == [17])
    #expect(answer.folders == ["packs/00/"])
    #expect(answer.continuation == "a&b")
  }

  @Test(arguments: [
    "", "<", "<Error/>", "not xml", "<ListBucketResult><Contents/></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>"
      + "</ListBucketResult>",
    "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    "<ListBucketResult><IsTruncated>perhaps</IsTruncated></ListBucketResult>",
    "<ListBucketResult><IsTruncated>false</IsTruncated>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]><ListBucketResult><Name>&b;</Name></ListBucketResult>",
    String(repeating: "<a>", count: 1000) + String(repeating: "</a>", count: 1000),
  ])
  func whatIsNoListingIsRefused(text: String) {
    #expect(ListAnswer(Array(text.utf8)) == nil)
  }

  private static let declaring =
    "<!DOCTYPE a [<!ENTITY b \"c\">]><ListBucketResult><Name>&b;</Name></ListBucketResult>"

  /// What declares entities does not slip through in another encoding than it is looked through in.
  @Test(arguments: [
    Array("\u{FEFF}\(declaring)".utf16), Array(declaring.utf16),
    Array("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\(declaring)".utf16),
  ])
  func otherEncodingsAreRefused(units: [UInt16]) {
    #expect(ListAnswer(units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }) == nil)
    #expect(ListAnswer(units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }) == nil)
  }

  @Test func aDeclaredEncodingIsNotFollowed() {
    let start = "<?xml version=\"1.0\" encoding=\"UTF-7\"?>"
    // The same declarations, as UTF-7 has them.
    let declaring = "+ADw-!DOCTYPE a +AFs-+ADw-!ENTITY b +ACI-c+ACI-+AD4-+AF0-+AD4-"
    let root = "<ListBucketResult><Name>n</Name></ListBucketResult>"
    #expect(ListAnswer(Array((start + declaring + root).utf8)) == nil)
    #expect(ListAnswer(Array((start + root).utf8)) != nil)
    #expect(ListAnswer(Array("\u{FEFF}<?xml version=\"1.0\"?>\(root)".utf8)) != nil)
    #expect(ListAnswer(Array("<?xml version=\"1.0\"".utf8)) == nil)
    #expect(
      ListAnswer(Array("<ListBucketResult>".utf8) + [0xE4] + Array("</ListBucketResult>".utf8))
        == nil)
  }

  @Test func errorsAreFitToBeShown() throws {
    let text =
      "<Error><Code>AccessDenied</Code><Message>a\nb\(String(repeating: "c", count: 999))</Message>"
      + "</Error>"
    let answer = try #require(ErrorAnswer(Array(text.utf8)))
    #expect(answer.code == "AccessDenied")
    #expect(answer.message.hasPrefix("a bc"))
    #expect(answer.message.count == 300)
  }
}
