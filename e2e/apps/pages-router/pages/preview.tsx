import type { GetStaticPropsContext } from 'next';

export default function Page({ preview, draft, data }: { preview: boolean; draft: boolean; data: string }) {
  return <h1>preview={String(preview)} draft={String(draft)} data={data}</h1>;
}
export const getStaticProps = ({ preview = false, draftMode = false, previewData }: GetStaticPropsContext) => ({
  props: { preview, draft: draftMode, data: typeof previewData === 'object' ? JSON.stringify(previewData) : 'none' },
});
