import '../../../admin/web/theme/tokens.css';
import '../../../admin/web/theme/base.css';
import '../../../admin/web/parts/parts.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
