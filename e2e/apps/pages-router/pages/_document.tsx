import Document, { Head, Html, Main, NextScript, type DocumentContext } from 'next/document';

export default class CustomDocument extends Document<{ madeFor: string }> {
  static override async getInitialProps(context: DocumentContext) {
    return { ...(await Document.getInitialProps(context)), madeFor: context.pathname };
  }

  override render() {
    return (
      <Html lang="en" data-document={this.props.madeFor}>
        <Head><meta name="from-document" content="yes" /></Head>
        <body><Main /><NextScript /></body>
      </Html>
    );
  }
}
